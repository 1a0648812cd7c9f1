"""Take the pictures of the documentation anew: CHROMIUM=/usr/bin/chromium python -m tests.browser.screenshots."""

import asyncio
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from math import ceil

from playwright.sync_api import Browser, Locator, expect

from bot.slack.limits import Limits
from bot.slack.messages import MessageId
from bot.slack.messenger import SlackMessenger, open_slack
from sandbox.slack.app import SlackSettings
from tests.browser.driving import ROOT, Window, open_window, running_browser, running_sandbox, wait_for_first_round
from tests.browser.stories import Scene, tell

FOLDER = ROOT / "docs" / "screenshots"
BELOW_PIXELS = 8
HEIGHT_FOR = """
(ends) => {
  const [first, last] = ends.map((ts) => document.querySelector(`article[data-ts="${ts}"]`).getBoundingClientRect());
  return window.innerHeight - document.getElementById("stage").clientHeight + last.bottom - first.top;
}
"""
TO_TOP = """([ts]) => document.querySelector(`article[data-ts="${ts}"]`).scrollIntoView({ block: "start" })"""


def take_all(browser: Browser, url: str) -> None:
    """Take every picture, from one sandbox in which nothing has happened yet."""
    with open_window(browser, url, phone=True) as phone:
        phone.enter("Bob")
        take(phone, "waiting-key-phone", phone.message("of clair_scanner: waits for approval"))
        take(phone, "quota-alert-phone", phone.message("team-alpha is at"))
        alert = phone.message_at(phone.message("team-alpha is at").get_attribute("data-ts"))
        phone.press(alert, "alert_ack")
        expect(alert).to_contain_text("Acknowledged by Bob")
        take(phone, "quota-alert-acknowledged-phone", alert)
        phone.say("/quay keys list")
        take(phone, "keys-list-phone", phone.message("service keys"))
    with open_window(browser, url, phone=True) as phone:
        phone.enter("Carol")
        take_plans(phone)
    take_answers(browser, url)
    with open_window(browser, url) as window:
        window.enter("Bob")
        card = window.message_at(window.message("of quay_builder: waits for approval").get_attribute("data-ts"))
        window.press(card, "key_approve", confirm="Approve")
        expect(card).to_contain_text("Quay has it approved")
        expect(window.page.locator("#waiting-count")).to_have_text("1")
        take(window, "approved-key", card, to=window.message("of clair_scanner: waits for approval"))


PLANS = {
    "keeps": ("/quay quota set team-alpha 100GiB", "Set the quota of team-alpha to 100 GiB?"),
    "tightens": ("/quay quota set team-alpha 80GiB --warn 70 --reject 90", "Change the limits of team-alpha's quota?"),
    "weakens": ("/quay quota set team-alpha 120GiB --no-reject", "Set the quota of team-alpha to 120 GiB"),
}
"""Plans by what they do to Quay's enforcement: what is typed, and their titles."""


def take_plans(phone: Window) -> None:
    """Take each as its requester sees it; one that is confirmed alone is cancelled before the next."""
    for name, (typed, title) in PLANS.items():
        phone.say(typed)
        plan = phone.message(title)
        take(phone, f"quota-plan-{name}-phone", plan)
        if name != "weakens":
            phone.press(plan, "change_cancel")
            expect(plan).not_to_be_visible()


ANSWERS = {
    "menu": ("/quay", "What you may do here"),
    "key": ("/quay keys show cf286770", "waits for approval"),
    "quota": ("/quay quota show team-alpha", "of its quota"),
    "organizations": ("/quay orgs list --match team-", "organizations matching"),
    "user": ("/quay users show jrivera", "jrivera"),
    "logs": ("/quay logs --since 7d", "log entries"),
    "config": ("/quay config", "settings"),
    "plan": ("/quay users create newcomer --email new@example.com", "Create the user newcomer"),
    "why": ("/quay why quota set team-alpha 2TiB", "Alice"),
    "status": ("/quay status", "Quay answers it"),
}
"""Ten typical answers: what is typed, and words that are found in the answer."""


def take_answers(browser: Browser, url: str) -> None:
    """Take each as Alice sees it on a phone, in a channel where little else is said."""
    with open_window(browser, url, phone=True) as phone:
        phone.enter("Alice", "C0REGOPS")
        for name, (typed, said) in ANSWERS.items():
            phone.say(typed)
            take(phone, f"answer-{name}", phone.message(said))


STAGE = "C0GENERAL"
"""A channel in which nothing else is said."""


async def place(url: str, scenes: Mapping[str, Scene]) -> dict[str, tuple[MessageId, MessageId]]:
    """Post every scene, before there is a browser; returns its first and its last message."""
    placed = {}
    async with open_slack(f"{url}api/", SlackSettings("").bot_token) as web:
        slack = SlackMessenger(web, Limits(lambda: datetime.now(UTC)))
        for name, scene in scenes.items():
            first = last = await slack.post(STAGE, scene.message)
            for reply in scene.replies:
                post = slack.broadcast if reply in scene.shown else slack.post
                last = await post(STAGE, reply, thread=first)
            placed[name] = (first, last)
    return placed


def take_scenes(browser: Browser, url: str, placed: Mapping[str, tuple[MessageId, MessageId]]) -> None:
    """Take what is said by itself over days: each message and its thread as it stood."""
    with open_window(browser, url, phone=True) as phone:
        phone.enter("Bob", STAGE)
        for name, (first, last) in placed.items():
            take(phone, name, phone.message_at(first), to=phone.message_at(last))


def take(window: Window, name: str, message: Locator, *, to: Locator | None = None) -> None:
    """Take the window, made just high enough for this message and those that follow it up to another."""
    page, last = window.page, to or message
    expect(last).to_be_visible()
    ends = [one.get_attribute("data-ts") for one in (message, last)]
    height = ceil(page.evaluate(HEIGHT_FOR, ends)) + BELOW_PIXELS
    page.set_viewport_size({"width": page.evaluate("window.innerWidth"), "height": height})
    page.mouse.move(0, 0)
    page.evaluate(TO_TOP, ends)
    page.screenshot(path=FOLDER / f"{name}.png")


def main() -> None:
    """Start a sandbox and a browser, and take all pictures; CHROMIUM names the browser."""
    chromium = os.environ.get("CHROMIUM")
    if not chromium:
        sys.exit("Set CHROMIUM to the path of a Chromium.")
    FOLDER.mkdir(parents=True, exist_ok=True)
    scenes = asyncio.run(tell())
    with running_sandbox() as url:
        placed = asyncio.run(place(url, scenes))
        with running_browser(chromium) as browser:
            wait_for_first_round(browser, url)
            take_all(browser, url)
            take_scenes(browser, url, placed)


if __name__ == "__main__":
    main()
