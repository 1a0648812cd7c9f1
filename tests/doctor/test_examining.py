"""All checks together: worst first, once a minute, without secrets; as text, as JSON and on the phone."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.doctor.examination import CHECKS, Configured, Doctor, examine, open_setup
from bot.doctor.redis_server import COMMANDS, KEYS
from bot.model.checkup import Finding, combined, failed, findings_worst_first, ok, warning
from bot.quay.turns import Turns
from bot.views.doctor import as_text, report
from tests.support.bench import Bench
from tests.support.world import text_of, valid

PAGE = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text(encoding="utf-8")
FINDINGS = [
    Finding("Slack", "bot token", ok("Good.")),
    Finding("Slack", "channels", warning("#a is shared.\n#b is shared.", "Use others.")),
    Finding("Quay", "token", failed("QUAY_TOKEN is <wrong>.", "Make a new one.")),
]


def configured(bench: Bench) -> Configured:
    return Configured(bench.settings, bench.policy, bench.alerts)


class Clock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


async def test_it_examines_at_most_once_a_minute(bench: Bench) -> None:
    """Whoever asks sooner gets the last findings; nobody else is asked for them."""
    clock = Clock()
    doctor = Doctor(lambda: configured(bench), clock, Turns())
    first = await doctor.examine()
    bench.slack.scopes.discard("files:write")
    clock.now += timedelta(seconds=59)
    assert await doctor.examine() is first
    clock.now += timedelta(seconds=1)
    second = await doctor.examine()
    assert (second.findings[0].name, second.findings[0].result.status) == ("scopes", "failed")


async def test_every_check_is_made_whatever_is_away(bench: Bench) -> None:
    """Neither Slack nor Quay nor Redis answers; nothing breaks, and each is named as failed once."""
    away = "http://127.0.0.1:1/"
    bench.settings = type(bench.settings).model_validate(
        {
            **{
                name: getattr(bench.settings, name)
                for name in ("slack_bot_token", "slack_signing_secret", "quay_token")
            },
            "slack_api_url": f"{away}api/",
            "quay_url": away,
            "redis_url": "redis://:secret-word@127.0.0.1:1/0",
        }
    )
    async with open_setup(configured(bench), bench.now, Turns()) as setup:
        found = await examine(setup)
    assert len(found) == len(CHECKS)
    assert {(each.group, each.name) for each in found if each.result.status == "failed"} == {
        ("Slack", "bot token"),
        ("Quay", "address"),
        ("Redis", "connection"),
    }
    assert "secret-word" not in as_text(found)


async def test_secrets_that_a_server_repeats_are_masked(bench: Bench) -> None:
    """Whatever a check says."""
    bench.file_problems = {"permissions.yaml": ["sandbox-superuser is not a name"]}
    async with open_setup(Configured(bench.settings, None, None, bench.file_problems), bench.now, Turns()) as setup:
        found = await examine(setup)
    assert "sandbox-superuser" not in as_text(found)


def test_the_message_has_the_worst_first() -> None:
    """In short lines, and what is fine in small print; nothing in it is markup."""
    said = report(findings_worst_first(FINDINGS), timedelta(seconds=20))
    valid(said)
    shown = text_of(said)
    assert said.text == "3 checks: 1 failed, 1 warning"
    assert shown.index("Quay: token") < shown.index("Slack: channels") < shown.index("Slack bot token")
    assert "QUAY_TOKEN is &lt;wrong&gt;." in shown
    assert "→ Make a new one." in shown
    assert "Checked 20 s ago" in shown


def test_a_message_holds_any_number_of_findings() -> None:
    """More than Slack takes are counted."""
    many = [Finding("Quay", f"check {number}", failed("x" * 5000, "y" * 5000)) for number in range(60)]
    said = report(many, timedelta(0))
    valid(said)
    assert "and 20 more" in text_of(said)


def test_a_single_check_is_counted_in_the_singular() -> None:
    """As where settings are missing, and no other check can run."""
    wrong = next(each for each in FINDINGS if each.result.status == "failed")
    assert as_text([wrong]).endswith("\n1 check: 1 failed.")


def test_nothing_wrong_is_one_line() -> None:
    """With what was checked."""
    said = report([FINDINGS[0]], timedelta(0))
    valid(said)
    assert said.text == "1 check passed"


def test_the_text_has_a_line_for_each() -> None:
    """In the order of the table."""
    assert as_text(FINDINGS).splitlines() == [
        "ok       Slack: bot token  Good.",
        "warning  Slack: channels   #a is shared.",
        "                           #b is shared.",
        "                           → Use others.",
        "failed   Quay: token       QUAY_TOKEN is <wrong>.",
        "                           → Make a new one.",
        "",
        "3 checks: 1 failed, 1 warning.",
    ]


def test_results_are_combined_to_the_worst() -> None:
    """Worst first; the same advice once."""
    found = combined([ok("a"), warning("b", "do"), failed("c", "do")], "fine")
    assert (found.status, found.found, found.todo) == ("failed", "c\nb", "do")
    assert combined([ok("a")], "fine").found == "fine"


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.group} {check.name}")
def test_the_page_has_a_row_for_each_check(check: object) -> None:
    """docs/doctor.md is as complete as the table."""
    (row,) = [f"| {each.group} | {each.name} | {each.about} |" for each in CHECKS if each is check]
    assert row in PAGE


def test_the_page_has_the_rule_for_redis() -> None:
    """To be pasted."""
    allowed = " ".join(f"+{name.replace(' ', '|').lower()}" for name in COMMANDS)
    assert f"ACL SETUSER quaymaster on >PASSWORD {KEYS} +multi +exec +discard {allowed}" in " ".join(PAGE.split())
