"""The record as a file: one entry a line, with what it takes to prove it where there is neither Redis nor a key."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.audit import BEGINNING, STREAM, Audit, Head
from bot.audit.exports import lines, verify_lines

KEYS = (b"a key that is not in Redis".ljust(32),)
TEN = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


async def export(audit: Audit, since: datetime | None = None, until: datetime | None = None) -> list[str]:
    return [line async for line in lines(audit.stored(), since, until)]


async def record_five(audit: Audit) -> list[Head]:
    """One each minute from ten o'clock on."""
    return [(await audit.record("change_outcome", actor=None, change=f"c{n}")).head for n in range(1, 6)]


async def test_a_line_is_an_entry_with_its_hash_and_seal(audit: Audit) -> None:
    """Oldest first."""
    heads = await record_five(audit)
    exported = [json.loads(line) for line in await export(audit)]
    assert [line["sequence"] for line in exported] == [1, 2, 3, 4, 5]
    assert exported[0]["details"] == {"change": "c1"}
    assert [(line["sequence"], line["hash"]) for line in exported] == heads
    assert set(exported[0]) == {"sequence", "at", "event", "actor", "details", "previous", "hash", "seal"}


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [(None, None, [1, 2, 3, 4, 5]), (2, None, [3, 4, 5]), (None, 2, [1, 2]), (1, 3, [2, 3]), (9, None, [])],
)
async def test_a_part_has_no_gaps(audit: Audit, since: int | None, until: int | None, expected: list[int]) -> None:
    """From `since`, which is in it, to `until`, which is not; it verifies as well, unless nothing is in it."""
    await record_five(audit)
    begin, end = (None if minute is None else TEN.replace(minute=minute) for minute in (since, until))
    exported = await export(audit, begin, end)
    assert [json.loads(line)["sequence"] for line in exported] == expected
    assert verify_lines(exported, KEYS, None).problems == (() if expected else ("no entries: nothing was verified",))


async def test_an_untouched_export_verifies_with_and_without_the_key(audit: Audit) -> None:
    """And holds every head that was published up to its end."""
    heads = await record_five(audit)
    exported = await export(audit)
    for keys in (KEYS, None):
        for published in (None, BEGINNING, *heads):
            found = verify_lines(exported, keys, published)
            assert (found.count, found.head, found.problems) == (5, heads[-1], ())


Change = Callable[[list[str]], list[str]]
CHANGES: dict[str, tuple[Change, str]] = {
    "edited": (lambda e: [line.replace('"c3"', '"c9"') for line in e], "line 3 was changed after it was recorded"),
    "said twice": (
        lambda e: [line.replace('"event":', '"event":"change_rejected","event":', 1) for line in e],
        "line 1 is not as it was exported",
    ),
    "taken out": (lambda e: [*e[:2], *e[3:]], "missing before entry 4: 3"),
    "turned round": (lambda e: [e[1], e[0], *e[2:]], "entry 1 stands where entry 3 belongs"),
    "cut off": (lambda e: e[:3], "the published head, entry 5, is not in the record"),
    "no entry": (lambda e: [*e, "[]"], "line 6 is no entry"),
    "no JSON": (lambda e: [*e, "hello"], "line 6 is no entry"),
}


@pytest.mark.parametrize("keys", [KEYS, None], ids=["with the key", "without"])
@pytest.mark.parametrize(("change", "problem"), CHANGES.values(), ids=CHANGES)
async def test_whatever_is_done_to_it_shows(
    audit: Audit, change: Change, problem: str, keys: tuple[bytes, ...] | None
) -> None:
    """Each problem says where."""
    heads = await record_five(audit)
    assert problem in verify_lines(change(await export(audit)), keys, heads[-1]).problems


async def test_a_forged_record_needs_a_published_head_or_the_key_to_show(
    audit: Audit, another: Callable[..., Audit], redis: Redis
) -> None:
    """Hashes anybody can make; that is why heads are posted where many see them."""
    heads = await record_five(audit)
    await redis.flushdb()
    forger = another(keys=(b"a guess",))
    await forger.record("command_denied", actor="T1/U1")
    await record_five(forger)
    exported = await export(forger)
    assert verify_lines(exported, None, None).problems == ()
    assert verify_lines(exported, None, heads[-1]).problems != ()
    assert all("does not carry our seal" in problem for problem in verify_lines(exported, KEYS, None).problems)


async def test_what_is_damaged_in_redis_is_exported_for_verifying_to_find(audit: Audit, redis: Redis) -> None:
    """Nothing is left out, nothing stops it."""
    await record_five(audit)
    await redis.xadd(STREAM, {"body": b"\xff\xfe", "hash": "0" * 64, "seal": "0" * 64})
    await redis.xadd(STREAM, {"hello": "world"})
    exported = await export(audit)
    assert len(exported) == 7
    assert verify_lines(exported, KEYS, None).problems == (
        "line 6 was changed after it was recorded",
        "line 7 was changed after it was recorded",
    )


JSON_VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(details=st.dictionaries(st.text(max_size=4), JSON_VALUES, max_size=4))
async def test_whatever_was_recorded_survives_the_file(audit: Audit, details: dict[str, object]) -> None:
    """To the last bit of a number, in every script."""
    await audit.record("change_intent", actor="T1/U1", arguments=details)  # type: ignore[arg-type]
    assert verify_lines(await export(audit), KEYS, None).problems == ()
