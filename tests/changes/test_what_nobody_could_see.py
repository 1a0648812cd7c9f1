"""Nobody agrees to what the card does not show, and the audit keeps no words that were not understood."""

from tests.support.world import World, text_of


async def test_a_plan_that_no_card_can_show_is_refused(world: World) -> None:
    """Metadata of many thousands of characters would hide its end."""
    meta = " ".join(f"--meta k{index}={'x' * 300}" for index in range(60))
    answer = await world.type("U0CAROL", f"keys create clair --expires never {meta} --meta zz=EVIL")
    assert answer is not None
    assert "more than a card can show" in answer.text
    assert await world.confirmations.waiting() == []


async def test_a_long_plan_is_shown_whole(world: World) -> None:
    """In as many sections as Slack's limits ask for."""
    meta = " ".join(f"--meta k{index}={'x' * 300}" for index in range(11))
    await world.type("U0CAROL", f"keys create clair --expires never {meta} --meta zz=EVIL")
    assert "EVIL" in world.only_card()


async def test_the_audit_never_keeps_what_was_not_understood(world: World) -> None:
    """Somebody may have typed a password."""
    for channel in ("C1", "C9"):
        await world.type("U0CAROL", "users update kim --password hunter2hunter2", channel=channel)
        await world.type("U0CAROL", "keys list --service hunter2hunter2", channel=channel)
    for key in await world.redis.keys():
        kind = await world.redis.type(key)
        stored = await (world.redis.xrange(key) if kind == b"stream" else world.redis.dump(key))
        assert b"hunter2hunter2" not in str(stored).encode()


async def test_a_refusal_names_what_was_refused(world: World) -> None:
    """To the person alone, who typed it."""
    answer = await world.type("U0DAVE", "keys list", channel="C9")
    assert answer is not None
    assert "keys list" in text_of(answer)
