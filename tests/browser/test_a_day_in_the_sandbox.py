"""What people do on the sandbox's page, in a real browser, with the real bot and worker behind it."""

import os
import shutil
from collections.abc import Iterator

import pytest

pytest.importorskip("playwright", reason="the browser's tests need the extra `browser`")

from playwright.sync_api import Browser, Route, expect

from tests.browser.driving import PEOPLE, Window, open_window, running_browser, running_sandbox, wait_for_first_round

CHROMIUM = shutil.which(os.environ.get("CHROMIUM", ""))
SCROLLING_SIDEWAYS = """
() => [document.documentElement, ...document.querySelectorAll("body *")]
  .filter((node) => node.checkVisibility({ visibilityProperty: true }) && !node.parentElement?.closest(".table-box"))
  .filter((node) => {
    const { left, right } = node.getBoundingClientRect();
    const canScroll = !node.matches(".table-box") && ["auto", "scroll"].includes(getComputedStyle(node).overflowX);
    return left < 0 || right > window.innerWidth || (canScroll && node.scrollWidth > node.clientWidth);
  })
  .map((node) => `${node.tagName} ${node.className}: ${node.textContent.slice(0, 40)}`)
"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="CHROMIUM does not name a browser")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser(str(CHROMIUM)) as running:
        yield running


@pytest.fixture(scope="module")
def sandbox(browser: Browser) -> Iterator[str]:
    """One for all stories, in which the first cards and alerts are there."""
    with running_sandbox() as url:
        wait_for_first_round(browser, url)
        yield url


@pytest.fixture
def window(sandbox: str, browser: Browser) -> Iterator[Window]:
    """A window on a desk. The browser must have nothing to complain of: no error, no warning, no failed request."""
    with open_window(browser, sandbox) as opened:
        yield opened
        assert opened.complaints == []


@pytest.fixture
def phone(sandbox: str, browser: Browser) -> Iterator[Window]:
    """The same on a phone."""
    with open_window(browser, sandbox, phone=True) as opened:
        yield opened
        assert opened.complaints == []


def test_service_keys_are_listed_in_a_table_with_the_waiting_ones_first(window: Window) -> None:
    """As soon as the command is typed, to the one who typed it."""
    window.enter("Dave")
    window.say("/quay keys list")
    answer = window.message("service keys", "waiting for approval")
    expect(answer).to_contain_text("Only visible to you")
    table = answer.get_by_role("table")
    expect(table.get_by_role("columnheader")).to_have_text(["State", "Service", "Key", "Name", "Expires"])
    expect(table.get_by_role("row").nth(1)).to_contain_text("waiting")


def test_a_key_is_approved_only_by_one_who_may(window: Window) -> None:
    """Dave is told who may; after Bob's click the card says so, has no buttons, and Quay's own notes name Bob."""
    window.enter("Dave")
    card = window.message_at(window.message("of quay_builder: waits for approval").get_attribute("data-ts"))
    kid = next(key["kid"] for key in waiting_keys(window) if key["service"] == "quay_builder")
    expect(card).to_contain_text(kid)

    window.press(card, "key_approve", confirm="Approve")
    expect(window.message("You can't decide on this")).to_contain_text("is for key-approvers")
    expect(card.get_by_role("button")).to_have_count(3)

    window.become("Bob")
    window.press(card, "key_approve", confirm="Not now")
    expect(card).to_contain_text("waits for approval")
    window.press(card, "key_approve", confirm="Approve")
    expect(card.get_by_role("heading")).to_contain_text(f"✅ Key {kid[:12]}… of quay_builder")
    expect(card).to_contain_text("Approved by Bob Brandt (U02BOB)")
    expect(card.get_by_role("button")).to_have_count(0)

    assert kid not in [key["kid"] for key in waiting_keys(window)]
    window.say(f"/quay keys show {kid[:8]}")
    expect(window.message(f"Key {kid[:12]} of quay_builder is approved")).to_contain_text("Bob Brandt (U02BOB)")


def test_a_plan_is_seen_by_its_requester_alone_and_its_outcome_by_the_channel(window: Window) -> None:
    """Carol confirms by herself what is hers to set; Bob hears of it when it is done."""
    window.enter("Carol")
    window.say("/quay quota set team-beta 200GiB")
    plan = window.message("Set the quota of team-beta to 200 GiB?")
    expect(plan).to_contain_text("Only visible to you")
    expect(plan).to_contain_text("100 GiB → 200 GiB")

    window.become("Bob")
    window.say("/quay quota show team-beta")
    expect(window.message("team-beta is at 34 % of its quota")).to_be_visible()
    expect(plan).to_have_count(0)

    window.become("Carol")
    window.press(plan, "change_confirm")
    outcome = window.message("Quay confirms a quota of 200 GiB for team-beta")
    expect(outcome).to_be_visible()
    expect(outcome).not_to_contain_text("Only visible to you")
    expect(window.page.locator("[data-action-id=change_confirm]")).to_have_count(0)
    window.become("Bob")
    expect(outcome).to_contain_text("@carol")


def test_details_of_a_key_open_over_the_page_and_close_again(window: Window) -> None:
    """They say what the card warns of: a service that names another key's thumbprint."""
    window.enter("Bob")
    window.press(window.message("of clair_scanner: waits for approval"), "key_details")
    details = window.page.get_by_role("dialog", name="Service key")
    expect(details).to_contain_text("Its id is not its thumbprint")
    details.get_by_role("button", name="Dismiss this form").click()
    expect(details).to_have_count(0)
    expect(window.message("of clair_scanner: waits for approval").get_by_role("button")).to_have_count(3)


def test_a_service_asks_for_a_key_and_its_card_comes_at_once_when_somebody_wants_it(window: Window) -> None:
    """The worker posts it by itself within a minute; whoever names the key sooner brings the card to everybody."""
    window.enter("Bob")
    window.let_service_ask("mirror_worker")
    kid = next(key["kid"] for key in waiting_keys(window) if key["service"] == "mirror_worker")
    expect(window.page.get_by_role("list", name="Waiting keys")).to_contain_text(kid[:12])
    window.say(f"/quay keys approve {kid[:8]}")
    window.become("Dave")
    card = window.message(kid, "of mirror_worker: waits for approval")
    expect(card.get_by_role("button")).to_have_text(["Approve", "Reject", "Details"])


def test_a_push_is_tried_against_a_quota(window: Window) -> None:
    """The registry panel says whether Quay would refuse it, and by which limit."""
    window.enter("Alice")
    window.page.get_by_label("Registry panel", exact=True).click()
    for namespace, says in (
        ("team-edge", "would be refused. "),
        ("team-beta", "would be accepted. Its quota has no limits"),
    ):
        window.page.get_by_label("Namespace", exact=True).fill(namespace)
        window.page.get_by_role("button", name="Try a push").click()
        expect(window.page.get_by_text(f"A push to {namespace} {says}")).to_be_visible()


def test_every_switch_of_the_registry_panel_is_heard_and_shown(window: Window) -> None:
    """Each changes the state of the simulated Quay, is shown by a page loaded afterwards, and can be taken back."""
    window.enter("Alice")
    window.page.get_by_label("Registry panel", exact=True).click()
    switches = window.page.locator("#registry").get_by_role("switch")
    healthy = state(window)
    for place in range(switches.count()):
        switch = switches.nth(place)
        wanted = not switch.is_checked()
        with window.page.expect_response(lambda answer: answer.request.method == "POST") as answered:
            switch.set_checked(wanted)
        assert answered.value.ok
        assert state(window) != healthy
        window.enter("Alice")
        window.page.get_by_label("Registry panel", exact=True).click()
        expect(switch).to_be_checked(checked=wanted)
        with window.page.expect_response(lambda answer: answer.request.method == "POST"):
            switch.set_checked(not wanted)
        assert state(window) == healthy


def test_on_a_phone_only_tables_scroll_sideways(phone: Window) -> None:
    """Cards, alerts, plans and panels fit into 390 pixels; one can type; a wide table scrolls in a box of its own."""
    unbroken = "team-" + "unbroken" * 20
    phone.enter("Carol")
    expect(phone.message("team-edge is at")).to_be_visible()
    phone.say(f"/quay quota show {unbroken}")
    expect(phone.message(unbroken)).to_be_visible()
    phone.say("/quay quota set team-alpha 100GiB")
    expect(phone.message("Set the quota of team-alpha to 100 GiB?")).to_be_visible()
    phone.say("/quay keys list")
    table = phone.message("service keys").get_by_label("Table")
    expect(table).to_be_visible()
    assert table.evaluate("box => box.scrollWidth > box.clientWidth")
    assert phone.page.evaluate(SCROLLING_SIDEWAYS) == []

    phone.page.get_by_label("Open the channel list").click()
    assert phone.page.evaluate(SCROLLING_SIDEWAYS) == []
    phone.page.get_by_role("button", name="team-ml").click()
    expect(phone.message("team-ml-vision is at")).to_be_visible()
    phone.page.get_by_label("Registry panel", exact=True).click()
    assert phone.page.evaluate(SCROLLING_SIDEWAYS) == []
    phone.page.get_by_label("Registry panel", exact=True).click()
    expect(phone.page.get_by_role("complementary", name="Registry")).to_be_hidden()


def test_a_list_is_narrowed_without_typing_an_option(phone: Window) -> None:
    """The menu answers at once; the answer's button opens the form of its filters, with those in force."""
    phone.enter("Dave", "C0REGOPS")
    phone.say("/quay")
    phone.message("What you may do here").locator("[data-action-id='menu:keys list']").click()
    for filled, entered, said in (("", "clair", "keys of clair"), ("clair", "scanner", "keys of scanner")):
        phone.press(phone.message("service keys"), "list_filter")
        form = phone.page.get_by_role("dialog", name="/quay keys list")
        expect(form.get_by_label("Service")).to_have_value(filled)
        form.get_by_label("Service").fill(entered)
        form.get_by_role("button", name="Show", exact=True).click()
        expect(phone.message(said)).to_contain_text("clair_scanner")


def test_a_key_is_asked_about_from_the_menu_of_a_message(window: Window, phone: Window) -> None:
    """Which stands at the message that one points at or touches; a message for one person alone has none."""
    for opened in (window, phone):
        opened.enter("Bob")
        opened.say("/quay keys list")
        opened.message("service keys").locator("strong", has_text="service keys").click()
        expect(opened.page.get_by_label("Actions on this message")).to_be_hidden()
        opened.message("of clair_scanner: waits for approval").get_by_role("heading").click()
        opened.page.get_by_label("Actions on this message").click()
        opened.page.get_by_role("menuitem", name="Ask about this key").click()
        asked = opened.page.get_by_role("dialog", name="Service key")
        expect(asked).to_contain_text("Other keys of clair_scanner")
        asked.get_by_role("button", name="Dismiss this form").click()
        expect(asked).to_have_count(0)


@pytest.mark.parametrize("person", PEOPLE)
def test_every_place_opens_for_everybody(window: Window, person: str) -> None:
    """Also for a guest, one who left and one of another company, without a complaint from the browser."""
    window.enter(person)
    places = window.page.locator("[data-place]")
    for place in places.all():
        place.click()
        expect(place).to_have_attribute("aria-current", "page")


def test_what_is_said_while_the_page_loads_is_shown(window: Window, phone: Window) -> None:
    """Even when it is said after the messages were read, and before the page hears of changes."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    window.page.route("**/sandbox/slack/events", hold)
    window.enter("Bob", "C0GENERAL")
    phone.enter("Alice", "C0GENERAL")
    phone.say("Good morning")
    expect(phone.message("Good morning")).to_be_visible()
    held[0].continue_()
    expect(window.message("Good morning")).to_be_visible(timeout=3000)


def waiting_keys(window: Window) -> list[dict[str, str]]:
    """What waits in the simulated Quay itself."""
    keys: list[dict[str, str]] = window.page.request.get("/sandbox/quay/state").json()["waiting_keys"]
    return keys


def state(window: Window) -> dict[str, object]:
    """What is switched in the simulated Quay itself."""
    found = window.page.request.get("/sandbox/quay/state").json()
    return {name: found[name] for name in ("faults", "features")}
