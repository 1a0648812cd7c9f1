"""The sandbox as a user starts it, and a browser's window in which somebody acts."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, Response, expect, sync_playwright

ROOT = Path(__file__).parents[2]
PEOPLE = {
    "Alice": "U01ALICE",
    "Bob": "U02BOB",
    "Carol": "U03CAROL",
    "Dave": "U04DAVE",
    "Gus": "U05GUEST",
    "Lena": "U06LEFT",
    "Sam": "U07STRANGER",
}
READY = "Sandbox ready: "
PATIENCE_MS = 10_000
EVERYTHING_POSTED = """
async () => {
  const texts = await Promise.all(["C0REGADMIN", "C0ML"].map(async (channel) =>
    (await fetch(`/sandbox/slack/messages?channel=${channel}&user=U01ALICE`)).text()));
  const wanted = ["of quay_builder", "of clair_scanner", "team-edge", "team-ml-vision"];
  return wanted.every((one) => texts.join().includes(one));
}
"""
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def running_sandbox() -> Iterator[str]:
    """Start the sandbox with a Redis of its own, yield the page's URL, and end it as Ctrl+C does."""
    environment = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
    command = [sys.executable, "-m", "bot.cli", "sandbox", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            line = process.stdout.readline()
            assert line.startswith(READY), f"the sandbox is not ready; it says {line!r}"
            yield line.removeprefix(READY).strip()
        finally:
            process.send_signal(signal.SIGINT)
    assert process.returncode == 0, f"the sandbox ended with status {process.returncode}"


@contextmanager
def running_browser(executable: str) -> Iterator[Browser]:
    """Run Chromium without a screen."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def wait_for_first_round(browser: Browser, url: str) -> None:
    """Wait until the worker has posted what it finds in a registry that it never saw before."""
    with open_window(browser, url) as window:
        window.enter("Alice")
        window.page.wait_for_function(EVERYTHING_POSTED)


@contextmanager
def open_window(browser: Browser, url: str, *, phone: bool = False) -> Iterator["Window"]:
    """Open a window that shares nothing with others: 1280 pixels wide, or a phone's 390 with two dots each."""
    with browser.new_context(
        base_url=url,
        reduced_motion="reduce",
        viewport={"width": 390 if phone else 1280, "height": 800},
        device_scale_factor=2 if phone else 1,
        is_mobile=phone,
        has_touch=phone,
    ) as context:
        context.set_default_timeout(PATIENCE_MS)
        yield Window(context.new_page())


class Window:
    """The sandbox's page, and what the browser complained of meanwhile."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        page.on("response", self._response)
        page.on("requestfailed", self._request_failed)

    def enter(self, person: str, channel: str = "C0REGADMIN") -> None:
        """Load the page as somebody, in a channel. It can be used when it begins to listen for changes."""
        with self.page.expect_request("**/sandbox/slack/events"):
            self.page.goto(f"/?channel={channel}&user={PEOPLE[person]}")
        expect(self.page.get_by_label("Acting as")).to_have_value(PEOPLE[person])

    def become(self, person: str) -> None:
        """Go on as somebody else, by the page's own switch."""
        self.page.get_by_label("Acting as").select_option(PEOPLE[person])
        self.page.wait_for_url(f"**user={PEOPLE[person]}")

    def say(self, text: str) -> None:
        """Type into the composer, and send it."""
        self.page.get_by_label("Message or command").fill(text)
        self.page.get_by_role("button", name="Send", exact=True).click()

    def message(self, *texts: str) -> Locator:
        """The last message that holds all these texts."""
        found = self.page.get_by_role("article")
        for text in texts:
            found = found.filter(has_text=text)
        return found.last

    def message_at(self, ts: str | None) -> Locator:
        """The message with this timestamp, whatever it says by now."""
        return self.page.locator(f"article[data-ts='{ts}']")

    def press(self, message: Locator, action_id: str, *, confirm: str | None = None) -> None:
        """Press a button of a message, and the button `confirm` of the question that it asks."""
        message.locator(f"[data-action-id={action_id}]").click()
        if confirm:
            question = self.page.get_by_role("dialog", name="Are you sure?")
            question.get_by_role("button", name=confirm, exact=True).click()

    def let_service_ask(self, service: str) -> None:
        """Make a service ask for a key, on the panel beside the messages."""
        self.page.get_by_label("Registry panel", exact=True).click()
        self.page.get_by_label("Service", exact=True).select_option(service)
        self.page.get_by_role("button", name="A service asks for a key").click()
        expect(self.page.get_by_text(f"{service} asked for a key.")).to_be_visible()

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"console {message.type}: {message.text}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status} {response.url}")

    def _request_failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # whoever leaves a page ends what it still loads
            self.complaints.append(f"{request.failure} {request.url}")
