"""Entries are appended, each once, in one chain, whoever else records at the same time."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from redis.asyncio import Redis

from bot.audit import BEGINNING, JSON, STREAM, Audit

NAMES = st.text(max_size=4)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


class CountingRedis(Redis):
    """Counts what is sent; may send everything twice, as a client does whose connection broke before the answer."""

    sent = 0
    times = 1

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        for _ in range(self.times):
            self.sent += 1
            answer = await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        return answer


@pytest.fixture
def counting(redis: Redis) -> CountingRedis:
    return CountingRedis(connection_pool=redis.connection_pool)


async def test_an_entry_says_what_happened_and_what_came_before(audit: Audit) -> None:
    """It counts from one, in UTC, and names the hash of the entry before."""
    first = await audit.record("command_allowed", actor="T1/U1", command="keys list")
    second = await audit.record("change_outcome", actor=None, change="c1", outcome="done")
    assert (first.sequence, first.event, first.actor) == (1, "command_allowed", "T1/U1")
    assert first.at == datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
    assert first.details == {"command": "keys list"}
    assert (0, first.previous) == BEGINNING
    assert (first.sequence, second.previous) == first.head
    assert (second.sequence, second.actor) == (2, None)


async def test_the_head_is_that_of_the_last_entry(audit: Audit) -> None:
    """Of a record without entries, it is the beginning."""
    assert await audit.head() == BEGINNING
    last = [await audit.record("command_allowed", actor=None) for _ in range(3)][-1]
    assert await audit.head() == last.head


async def test_recording_takes_one_round_trip(counting: CountingRedis, another: Callable[..., Audit]) -> None:
    """Once the process has seen the head; finding it costs one more, as does somebody else's entry in between."""
    await another().record("policy_loaded", actor=None)
    audit = another(client=counting)
    await audit.record("policy_loaded", actor=None)
    costs = []
    for _ in range(3):
        before = counting.sent
        await audit.record("command_allowed", actor="T1/U1")
        costs.append(counting.sent - before)
    assert costs == [1, 1, 1]
    await another().record("command_denied", actor="T1/U2")
    before = counting.sent
    await audit.record("command_allowed", actor="T1/U1")
    assert counting.sent - before == 2


async def test_two_processes_at_once_make_one_unbroken_chain(another: Callable[..., Audit]) -> None:
    """Of 200 entries, each gets one place."""
    processes = [another(), another()]
    entries = await asyncio.gather(
        *(processes[n % 2].record("command_allowed", actor="T1/U1", n=n) for n in range(200)),
    )
    assert sorted(entry.sequence for entry in entries) == list(range(1, 201))
    verification = await another().verify()
    assert (verification.count, verification.problems) == (200, ())
    read = [entry async for entry in another().entries(count=200)]
    assert sorted(entry.details["n"] for entry in read if isinstance(entry.details["n"], int)) == list(range(200))


async def test_an_entry_that_is_sent_again_is_recorded_once(
    counting: CountingRedis, another: Callable[..., Audit]
) -> None:
    """The client asks again when the connection breaks, and the first time may have worked."""
    audit = another(client=counting)
    await audit.record("policy_loaded", actor=None)
    counting.times = 2
    entry = await audit.record("change_intent", actor=None, change="c1")
    assert await another().head() == entry.head
    assert await counting.xlen(STREAM) == 2


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(details=st.dictionaries(NAMES, JSON_VALUES, max_size=4))
async def test_whatever_json_is_recorded_is_read_again(details: Mapping[str, JSON], audit: Audit) -> None:
    """Numbers, text in every script, lists and objects, down to the last bit."""
    recorded = await audit.record("change_intent", actor="T1/U1", arguments=details)
    assert [entry async for entry in audit.entries(count=1)] == [recorded]
    assert (await audit.verify()).problems == ()


@pytest.mark.parametrize(
    "details",
    [
        {"password": "hunter2"},
        {"QUAY_TOKEN": "abc"},
        {"arguments": {"new_password": "hunter2"}},
        {"keys": [{"private_key": {"kty": "RSA", "d": "…"}}]},
        {"limit": float("nan")},
    ],
    ids=str,
)
async def test_secrets_are_refused(audit: Audit, details: Mapping[str, JSON]) -> None:
    """By the names that they go by, however deep; a number that JSON lacks is refused as well."""
    with pytest.raises(ValueError, match=r"does not belong in the audit|JSON compliant"):
        await audit.record("change_intent", actor=None, **details)
    assert await audit.head() == BEGINNING


async def test_a_secret_that_knows_it_is_one_is_not_written_down(audit: Audit) -> None:
    """Whatever it is called."""
    hidden: Any = SecretStr("hunter2")
    with pytest.raises(TypeError):
        await audit.record("change_intent", actor=None, note=hidden)


async def test_a_flag_is_no_secret(audit: Audit) -> None:
    """That a password was to be reset may be known."""
    entry = await audit.record("change_intent", actor=None, arguments={"reset_password": True, "token": None})
    assert entry.details == {"arguments": {"reset_password": True, "token": None}}
