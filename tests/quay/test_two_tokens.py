"""Of two tokens Quay may refuse one: reads go on by the other, and everybody hears which one it is."""

from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.quay.client import PROVED_FOR, Quay, open_client
from bot.quay.errors import Forbidden, QuayError, ReadTokenRefused, ServerError, Unauthorized
from bot.quay.tokens import TRIED_AGAIN_AFTER

Answers = deque[dict[str, Any]]
Requests = list[dict[str, Any]]

SIZE = {"status": 200, "json": {"size_bytes": 5}}
NOT_KNOWN = {"status": 401, "json": {"detail": "Requires authentication", "error_type": "invalid_token"}}
NOT_ALLOWED = {"status": 403, "json": {"detail": "Unauthorized", "error_type": "insufficient_scope"}}
CSRF = {"status": 403, "text": '{"error": "CSRF token was invalid or missing."}'}
NO_SUCH_KEY = {"status": 404, "json": {"detail": "Not Found", "error_type": "not_found"}}


@dataclass
class Clock:
    now: datetime = datetime(2026, 11, 24, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def quay(quay_url: str, clock: Clock) -> AsyncIterator[Quay]:
    async with open_client(quay_url) as http:
        yield Quay(http, "write", "read", wait=0, clock=clock)


def tokens(requests: Requests) -> list[str]:
    """Those that were sent, since somebody last asked."""
    found = [request["headers"]["authorization"].removeprefix("Bearer ") for request in requests]
    requests.clear()
    return found


@pytest.mark.parametrize("refusal", [NOT_KNOWN, NOT_ALLOWED], ids=["revoked", "no superuser any more"])
async def test_reads_fall_back_to_the_token_for_changes(
    refusal: dict[str, Any], quay: Quay, clock: Clock, answers: Answers, requests: Requests
) -> None:
    """At once, and from then on; now and then the other is tried again, and is used again once Quay takes it."""
    since = clock.now
    answers.extend([refusal, SIZE, SIZE])
    assert (await quay.get_registry_size()).size_bytes == 5
    assert (await quay.get_registry_size()).size_bytes == 5
    assert tokens(requests) == ["read", "write", "write"]
    clock.now += TRIED_AGAIN_AFTER
    answers.extend([refusal, SIZE, SIZE])
    await quay.get_registry_size()
    await quay.get_registry_size()
    assert tokens(requests) == ["read", "write", "write"]
    assert quay.tokens.refusal
    assert (quay.tokens.refusal.since, quay.tokens.refusal.at) == (since, clock.now)
    clock.now += TRIED_AGAIN_AFTER
    answers.extend([SIZE, SIZE])
    await quay.get_registry_size()
    await quay.get_registry_size()
    assert tokens(requests) == ["read", "read"]
    assert quay.tokens.refusal is None


async def test_what_neither_token_may_is_no_token_s_fault(quay: Quay, answers: Answers, requests: Requests) -> None:
    """As where the configuration dump is switched off: the token for reading stays in use."""
    answers.extend([NOT_ALLOWED, NOT_ALLOWED, SIZE])
    with pytest.raises(Forbidden, match="The token in QUAY_READ_TOKEN isn't allowed to do this"):
        await quay.get_config_dump()
    await quay.get_registry_size()
    assert tokens(requests) == ["read", "write", "read"]
    assert quay.tokens.refusal is None


async def test_two_refused_tokens_are_both_named(quay: Quay, answers: Answers) -> None:
    """Also while the one for reading is left alone."""
    answers.extend([NOT_KNOWN] * 3)
    for _ in range(2):
        with pytest.raises(Unauthorized, match="The tokens in QUAY_READ_TOKEN and QUAY_TOKEN are wrong, expired or"):
            await quay.get_registry_size()
    assert not answers


async def test_a_failure_on_the_second_try_is_the_failure_that_is_told(quay: Quay, answers: Answers) -> None:
    """What Quay said of the token is remembered all the same."""
    answers.extend([NOT_KNOWN, {"status": 502, "text": ""}, SIZE])
    with pytest.raises(ServerError):
        await quay.get_registry_size()
    assert quay.tokens.refusal
    await quay.get_registry_size()


@pytest.mark.parametrize("read_token", [None, "only"])
async def test_a_single_token_is_named_and_not_tried_twice(
    read_token: str | None, quay_url: str, answers: Answers, requests: Requests
) -> None:
    """Nor is the same token in both settings."""
    answers.append(NOT_KNOWN)
    async with open_client(quay_url) as http:
        with pytest.raises(Unauthorized, match="The token in QUAY_TOKEN is wrong, expired or revoked"):
            await Quay(http, "only", read_token).get_registry_size()
    assert len(requests) == 1


@pytest.mark.parametrize(
    ("refusal", "error", "said"),
    [
        (CSRF, Unauthorized, "The token in QUAY_TOKEN is wrong, expired or revoked."),
        (NOT_ALLOWED, Forbidden, "The token in QUAY_TOKEN isn't allowed to do this."),
    ],
)
async def test_a_refused_change_names_the_setting(
    refusal: dict[str, Any], error: type[QuayError], said: str, quay: Quay, answers: Answers
) -> None:
    """Quay's own word for it, `Unauthorized` or something about CSRF, would help nobody."""
    answers.append(refusal)
    with pytest.raises(error) as caught:
        await quay.approve_service_key("kid1")
    assert (caught.value.message, caught.value.may_have_happened) == (said, False)


async def test_the_token_for_changes_is_proved_without_a_change(
    quay: Quay, clock: Clock, answers: Answers, requests: Requests
) -> None:
    """By an empty update of a key that does not exist: a read-only superuser's token is refused there alone."""
    answers.extend([NO_SUCH_KEY] * 3)
    await quay.prove_tokens()
    (request,) = requests
    assert (request["method"], request["json"]) == ("PUT", {})
    assert request["path"].startswith("/api/v1/superuser/keys/")
    await quay.prove_tokens()
    assert tokens(requests) == ["write"], "what was proved is believed for a while"
    await quay.prove_tokens(at_once=True)
    clock.now += PROVED_FOR
    await quay.prove_tokens()
    assert tokens(requests) == ["write", "write"]


@pytest.mark.parametrize(("refusal", "error"), [(CSRF, Unauthorized), (NOT_ALLOWED, Forbidden)])
async def test_a_token_that_is_no_good_is_asked_about_each_time(
    refusal: dict[str, Any], error: type[QuayError], quay: Quay, answers: Answers
) -> None:
    """So that its end is noticed."""
    answers.extend([NO_SUCH_KEY, refusal, refusal, NO_SUCH_KEY])
    await quay.prove_tokens()
    with pytest.raises(error):
        await quay.prove_tokens(at_once=True)
    with pytest.raises(error):
        await quay.prove_tokens()
    await quay.prove_tokens()
    assert not answers


async def test_a_refused_read_token_is_told_with_the_others_proof(quay: Quay, answers: Answers) -> None:
    """Since when does not matter: it is so now."""
    answers.extend([NOT_KNOWN, SIZE, NO_SUCH_KEY])
    await quay.get_registry_size()
    with pytest.raises(ReadTokenRefused, match="QUAY_READ_TOKEN is wrong") as caught:
        await quay.prove_tokens()
    assert caught.value.may_have_happened is False
