"""Take the pictures of the documentation anew: CHROMIUM=/usr/bin/chromium python -m tests.browser.screenshots."""

import os
import sys
from math import ceil

from playwright.sync_api import Browser, Locator, expect

from tests.browser.driving import ROOT, Window, open_window, running_browser, running_sandbox

FOLDER = ROOT / "docs" / "screenshots"
BELOW_PIXELS = 8


def take_all(browser: Browser, url: str) -> None:
    """Take every picture, from one sandbox in which nothing has happened yet."""
    with open_window(browser, url, phone=True) as phone:
        phone.enter("Bob")
        take(phone, "waiting-key-phone", phone.message("of clair_scanner: waits for approval"))
        take(phone, "quota-alert-phone", phone.message("team-alpha is at"), to=phone.message("team-checkout is at"))
        phone.say("/quay keys list")
        take(phone, "keys-list-phone", phone.message("service keys"))
    with open_window(browser, url, phone=True) as phone:
        phone.enter("Carol")
        phone.say("/quay quota set team-alpha 100GiB")
        take(phone, "quota-plan-phone", phone.message("Set the quota of team-alpha to 100 GiB?"))
    with open_window(browser, url) as window:
        window.enter("Bob")
        card = window.message_at(window.message("of quay_builder: waits for approval").get_attribute("data-ts"))
        window.press(card, "key_approve", confirm="Approve")
        expect(card).to_contain_text("approved by Bob Brandt")
        take(window, "approved-key", card, to=window.message("of clair_scanner: waits for approval"))


def take(window: Window, name: str, message: Locator, *, to: Locator | None = None) -> None:
    """Take the window, made just high enough for this message and those that follow it up to another."""
    page, last = window.page, to or message
    expect(last).to_be_visible()
    first_box, last_box = message.bounding_box(), last.bounding_box()
    stage_box, size = page.locator("#stage").bounding_box(), page.viewport_size
    assert first_box and last_box and stage_box and size
    shown = last_box["y"] + last_box["height"] - first_box["y"] + BELOW_PIXELS
    height = ceil(size["height"] - stage_box["height"] + shown)
    page.set_viewport_size({"width": size["width"], "height": height})
    page.mouse.move(0, 0)
    message.evaluate("message => message.scrollIntoView({ block: 'start' })")
    page.screenshot(path=FOLDER / f"{name}.png")


def main() -> None:
    """Start a sandbox and a browser, and take all pictures; CHROMIUM names the browser."""
    chromium = os.environ.get("CHROMIUM")
    if not chromium:
        sys.exit("Set CHROMIUM to the path of a Chromium.")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with running_sandbox() as url, running_browser(chromium) as browser:
        take_all(browser, url)


if __name__ == "__main__":
    main()
