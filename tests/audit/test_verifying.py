"""Whatever somebody with write access to Redis does to the record, verifying it shows."""

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.audit import BEGINNING, HEAD, STREAM, Audit, Head

Fields = dict[Any, Any]
Stored = list[Fields]


async def record_five(audit: Audit) -> list[Head]:
    return [(await audit.record("change_outcome", actor=None, change=f"c{n}")).head for n in range(1, 6)]


async def store_instead(redis: Redis, tamper: Callable[[Stored], Stored]) -> Stored:
    """Replace the stream by what somebody makes of it."""
    stored = tamper([fields for _, fields in await redis.xrange(STREAM)])
    await redis.delete(STREAM)
    for fields in stored:
        await redis.xadd(STREAM, fields)
    return stored


def edit_third(stored: Stored) -> Stored:
    return [{**f, b"body": f[b"body"].replace(b"c3", b"c9")} for f in stored]


def edit_third_with_its_hash(stored: Stored) -> Stored:
    return [{**f, b"hash": hashlib.sha256(f[b"body"]).hexdigest()} for f in edit_third(stored)]


def rewrite_everything_without_the_key(stored: Stored) -> Stored:
    previous, rewritten = BEGINNING[1], []
    for fields in stored:
        content = {**json.loads(fields[b"body"].replace(b"c3", b"c9")), "previous": previous}
        body = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
        previous = hashlib.sha256(body).hexdigest()
        seal = hmac.digest(b"a guess", previous.encode(), "sha256").hex()
        rewritten.append({b"body": body, b"hash": previous, b"seal": seal})
    return rewritten


TAMPERED: dict[str, tuple[Callable[[Stored], Stored], list[str]]] = {
    "edited": (edit_third, ["was changed after it was recorded", "missing before entry 4: 3"]),
    "edited with its hash": (edit_third_with_its_hash, ["does not carry our seal", "missing before entry 4: 3"]),
    "all hashes rewritten": (
        rewrite_everything_without_the_key,
        [*["does not carry our seal"] * 5, "the head in Redis says entry 5, there is no entry that is ours"],
    ),
    "one deleted": (lambda s: [*s[:2], *s[3:]], ["missing before entry 4: 3"]),
    "several deleted": (lambda s: [s[0], s[4]], ["missing before entry 5: 2 to 4"]),
    "the first deleted": (lambda s: s[1:], ["missing before entry 2: 1"]),
    "the end cut off": (lambda s: s[:3], ["the head in Redis says entry 5, the last entry is 3"]),
    "everything deleted": (lambda _: [], ["the head in Redis says entry 5, there is no entry that is ours"]),
    "two swapped": (
        lambda s: [s[0], s[2], s[1], s[3], s[4]],
        ["missing before entry 3: 2", "entry 2 stands where entry 4 belongs"],
    ),
    "deleted and added again": (
        lambda s: [*s[:2], *s[3:], s[2]],
        ["missing before entry 4: 3", "entry 3 stands where entry 6 belongs"],
    ),
    "one repeated": (lambda s: [*s, s[1]], ["entry 2 stands where entry 6 belongs"]),
    "something else added": (lambda s: [*s, {b"hello": b"world"}], ["was changed after it was recorded"]),
}


async def test_an_untouched_record_has_no_problems(audit: Audit) -> None:
    """Neither has one without entries."""
    empty = await audit.verify(published=BEGINNING)
    assert (empty.count, empty.head, empty.problems) == (0, BEGINNING, ())
    heads = await record_five(audit)
    for published in (None, BEGINNING, *heads):
        verification = await audit.verify(published=published)
        assert (verification.count, verification.head, verification.problems) == (5, heads[-1], ())


@pytest.mark.parametrize(("tamper", "problems"), TAMPERED.values(), ids=TAMPERED)
async def test_tampering_is_found(
    redis: Redis, audit: Audit, tamper: Callable[[Stored], Stored], problems: list[str]
) -> None:
    """Each problem says where, and there are no others."""
    await record_five(audit)
    stored = await store_instead(redis, tamper)
    verification = await audit.verify()
    assert verification.count == len(stored)
    assert len(verification.problems) == len(problems)
    for problem, expected in zip(verification.problems, problems, strict=True):
        assert problem.endswith(expected)


@pytest.mark.parametrize("head", [None, b"", b"nonsense", b"-1 x"])
async def test_a_head_that_is_gone_or_spoilt_is_a_problem(redis: Redis, audit: Audit, head: bytes | None) -> None:
    """The record itself may be whole."""
    await record_five(audit)
    await redis.delete(HEAD)
    if head is not None:
        await redis.set(HEAD, head)
    assert (await audit.verify()).problems == ("the head in Redis says entry 0, the last entry is 5",)


async def test_an_end_cut_off_together_with_the_head_shows_in_a_published_head(redis: Redis, audit: Audit) -> None:
    """The chain alone cannot know of it, which is why heads are published."""
    heads = await record_five(audit)
    await store_instead(redis, lambda stored: stored[:3])
    await redis.set(HEAD, f"3 {heads[2][1]}")
    assert (await audit.verify()).problems == ()
    assert (await audit.verify(published=heads[2])).problems == ()
    assert (await audit.verify(published=heads[4])).problems == ("the published head, entry 5, is not in the record",)


async def test_another_history_up_to_a_published_head_is_no_match(
    redis: Redis, audit: Audit, another: Callable[..., Audit]
) -> None:
    """Even when it has as many entries and genuine seals."""
    heads = await record_five(audit)
    await redis.delete(STREAM, HEAD)
    await another().record("command_denied", actor="T1/U1")
    await record_five(another())
    assert (await audit.verify()).problems == ()
    assert (await audit.verify(published=heads[4])).problems == ("the published head, entry 5, is not in the record",)


async def test_a_process_that_remembers_more_than_redis_says_so_and_goes_on(redis: Redis, audit: Audit) -> None:
    """Recording must not stop; that the head was moved back is logged, and the fork shows when verifying."""
    heads = await record_five(audit)
    await redis.set(HEAD, f"3 {heads[2][1]}")
    with capture_logs() as logged:
        entry = await audit.record("command_allowed", actor=None)
    assert [(line["event"], line["remembered"], line["found"]) for line in logged] == [
        ("audit_head_moved_back", heads[4], heads[2])
    ]
    assert entry.sequence == 4
    assert (await audit.verify()).problems == (
        "entry 4 stands where entry 6 belongs",
        "the head in Redis says entry 4, the last entry is 5",
    )


async def test_a_record_made_with_another_key_is_not_ours(another: Callable[..., Audit]) -> None:
    """A changed SECRET_KEY shows as well: every entry before it fails."""
    await record_five(another(keys=(b"another key",)))
    verification = await another().verify()
    assert [problem.split()[-3:] for problem in verification.problems[:5]] == [["carry", "our", "seal"]] * 5


async def test_a_record_of_another_key_is_told_from_tampering(audit: Audit, another: Callable[..., Audit]) -> None:
    """Only where no seal at all fits; there is then no head that could be relied on."""
    await record_five(audit)
    found = await another(keys=(b"another".ljust(32),)).verify()
    assert found.is_of_another_key
    assert found.proven_head is None
    assert not (await audit.verify()).is_of_another_key
