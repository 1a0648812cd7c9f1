"""The settings by which quotas work are read from the configuration; where that is hidden, from what shows them."""

from collections import deque
from typing import Any

import pytest
from freezegun import freeze_time

from bot.quay.client import Quay
from bot.quay.quota_settings import QuotaSettings

FORBIDDEN = {"status": 403, "json": {"error_type": "insufficient_scope", "detail": "Unauthorized"}}
DOWN = {"status": 500, "text": "<html></html>"}


def config(**settings: Any) -> dict[str, Any]:
    return {"status": 200, "json": {"config": settings, "warning": {}, "env": {}, "schema": {}}}


def users(*quotas: tuple[int | None, int | None]) -> dict[str, Any]:
    """Users by their own quota and what is configured for them."""
    listed = [
        {
            "username": f"u{at}",
            "quotas": [] if own is None else [{"id": at, "limit_bytes": own, "limits": []}],
            "quota_report": {"quota_bytes": 0, "configured_quota": configured, "backfill_status": "waiting"},
        }
        for at, (own, configured) in enumerate(quotas)
    ]
    return {"status": 200, "json": {"users": listed}}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {
                "FEATURE_QUOTA_MANAGEMENT": True,
                "FEATURE_VERIFY_QUOTA": True,
                "FEATURE_SUPERUSERS_FULL_ACCESS": True,
                "FEATURE_PROXY_CACHE": True,
                "DEFAULT_SYSTEM_REJECT_QUOTA_BYTES": 3_000,
            },
            QuotaSettings(3_000, checks=True, full_access=True, proxy_cache=True),
        ),
        ({"FEATURE_QUOTA_MANAGEMENT": True}, QuotaSettings(0, checks=True, full_access=False, proxy_cache=False)),
        (
            {"FEATURE_QUOTA_MANAGEMENT": True, "FEATURE_VERIFY_QUOTA": False},
            QuotaSettings(0, checks=False, full_access=False, proxy_cache=False),
        ),
        (
            {},
            QuotaSettings(0, checks=False, full_access=False, proxy_cache=False, off=("FEATURE_QUOTA_MANAGEMENT",)),
        ),
        (
            {"FEATURE_EDIT_QUOTA": False, "FEATURE_QUOTA_MANAGEMENT": True},
            QuotaSettings(0, checks=True, full_access=False, proxy_cache=False, off=("FEATURE_EDIT_QUOTA",)),
        ),
    ],
)
async def test_what_the_configuration_says(
    quay: Quay, answers: deque[Any], settings: dict[str, Any], expected: QuotaSettings
) -> None:
    """What it leaves out is as Quay has it by itself."""
    answers.append(config(**settings))
    assert await quay.quota_settings.read() == expected


@pytest.mark.parametrize(
    ("listed", "default"),
    [
        ([(None, 3_000)], 3_000),
        ([(5, 5), (None, 3_000)], 3_000),
        ([(5, 5), (None, None)], 0),
        ([(5, 5)], None),
        ([], None),
    ],
)
async def test_a_hidden_configuration_shows_the_default_in_whoever_has_no_quota(
    quay: Quay, answers: deque[Any], listed: list[tuple[int | None, int | None]], default: int | None
) -> None:
    """Nothing else; and where all have quotas of their own, not even that."""
    answers.extend([FORBIDDEN, FORBIDDEN, users(*listed)])
    assert await quay.quota_settings.read() == QuotaSettings(default_bytes=default)


async def test_recent_settings_are_asked_for_again_after_some_minutes(quay: Quay, answers: deque[Any]) -> None:
    """Until then nothing is sent."""
    answers.extend([config(), config(DEFAULT_SYSTEM_REJECT_QUOTA_BYTES=7)])
    with freeze_time("2026-11-28 12:00", real_asyncio=True) as clock:
        assert (await quay.quota_settings.recent()).default_bytes == 0
        clock.tick(299)
        assert (await quay.quota_settings.recent()).default_bytes == 0
        clock.tick(2)
        assert (await quay.quota_settings.recent()).default_bytes == 7


async def test_who_does_not_answer_is_taken_to_check_quotas(quay: Quay, answers: deque[Any]) -> None:
    """As Quay does by itself; alerts do not wait for it."""
    answers.append(DOWN)
    assert await quay.quota_settings.are_checked()
    answers.append(config(FEATURE_QUOTA_MANAGEMENT=True, FEATURE_VERIFY_QUOTA=False))
    assert not await quay.quota_settings.are_checked()
