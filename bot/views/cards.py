"""A pending confirmation as a card: what will change, who agreed, who may, how long; live only while it is."""

from collections.abc import Sequence

from slack_sdk.models.blocks import ButtonElement

from bot.confirmations import Approval, Record, State
from bot.model.plans import Line, Moment, Plan
from bot.slack.messages import Block, Message
from bot.views.blocks import SECTION_LIMIT, actions, button, context, header, link, message, section
from bot.views.lookups import LOOK_AGAIN, reading_of
from bot.views.text import DateStyle, code, date, escape

_SAID: dict[State, str] = {
    State.PENDING: "waits for approval",
    State.APPROVED: "agreed, about to be done",
    State.EXECUTING: "is being done",
    State.DONE: "done",
    State.FAILED: "not done",
    State.UNKNOWN: "outcome unknown",
    State.CANCELLED: "withdrawn",
    State.REJECTED: "rejected",
    State.EXPIRED: "expired",
    State.STALE: "no longer fits",
}
_MARK: dict[State, str] = {
    State.PENDING: "⏳",
    State.APPROVED: "⚙️",
    State.EXECUTING: "⚙️",
    State.DONE: "✅",
    State.FAILED: "❌",
    State.UNKNOWN: "❓",
    State.CANCELLED: "↩️",
    State.REJECTED: "⛔",
    State.EXPIRED: "⌛",
    State.STALE: "♻️",
}

NEIGHBOUR = "another change of the same thing was pending"
_NOTHING_DONE = "Nothing was done. Ask again if it is still wanted."
MOST_TEXTS = 4
"""So many sections of facts a card may have; more than that nobody reads before they agree."""


def card(record: Record) -> Message:
    """The card that everybody in the channel sees, edited at every step."""
    mark, said = _standing(record)
    blocks: list[Block] = [
        header(f"{mark} {record.plan.title}: {said}"),
        *plan(record.plan, live=record.live),
        *_beside(record),
        context(_story(record)),
    ]
    if record.state is State.PENDING:
        blocks.append(context(_wanted(record)))
        if record.offers[0].approvers or not record.offers[0].needed:
            blocks.append(actions(buttons(record), f"record:{record.id}"))
    else:
        blocks.append(section(_ending(record)))
        blocks += _look_again(record)
    return message(f"{record.plan.title}: {said}", tuple(blocks))


def confirmation(record: Record) -> Message:
    """The question to the requester alone, where their own confirmation is enough."""
    if record.state in {State.APPROVED, State.EXECUTING}:
        return _confirmed(record)
    if record.state is not State.PENDING:
        return card(record)
    blocks = (
        header(f"{record.plan.title}?"),
        *plan(record.plan, live=True),
        *_beside(record),
        context(f"Nothing has changed yet. Only you see this; you can confirm it until {date(record.expires_at)}."),
        actions(
            [
                button("Confirm", "change_confirm", record.id, style="danger" if record.plan.alarms else "primary"),
                button("Cancel", "change_cancel", record.id),
            ],
            f"record:{record.id}",
        ),
    )
    return message(f"{record.plan.title}? Nothing has changed yet.", blocks)


def _confirmed(record: Record) -> Message:
    """What takes the place of a plan that its requester confirmed. Nobody can edit it later, so nothing in it ages."""
    when = f" {date(record.approvals[-1].at)}" if record.approvals else ""
    follows = "What became of it is told separately."
    note = f"\n{escape(record.note)}" if record.note else ""
    said = f"*{escape(record.plan.title)}*\nConfirmed{when}. {follows}{note}"
    return message(f"{record.plan.title}: confirmed. {follows}", (section(said), context(f"change `{record.id}`")))


def asked_elsewhere(record: Record, address: str | None) -> Message:
    """What the requester is told where the card is in another channel than the one in which they asked."""
    first, channel = record.offers[0], record.cards[0].channel
    groups = " or ".join(escape(group) for group in first.approvers) or "Whoever may do it"
    where = f"{link(address, 'Its card')} is in <#{channel}>" if address else f"Its card is in <#{channel}>"
    said = f"*{escape(record.plan.title)}* is asked for: {groups} can approve it. {where}."
    small = f"Nothing has changed yet · expires {date(record.expires_at, 'left')} · change `{record.id}`"
    return message(f"{record.plan.title} is asked for; it waits for approval.", (section(said), context(small)))


def outcome(record: Record, *, corrects: bool = False) -> Message:
    """What the requester and the channel are told at the end; `corrects` an *unknown* that they were told before."""
    who = f"<@{record.requester.user}>: " if record.requester else ""
    mark, said = _standing(record)
    by = _by(record) if record.closed_by else ""
    follows = _NOTHING_DONE if record.state is State.EXPIRED else record.note
    lead = "Correction: " if corrects else ""
    text = f"{mark} {who}{lead}*{escape(record.plan.title)}*: {said}{by}. {escape(follows)}".strip()
    agreed = record.agreed(record.offer.operation)
    others = [approval for approval in agreed if approval.actor != record.requester]
    story = f"Approved by {names_of(others)} · " if others else ""
    return message(
        f"{lead}{record.plan.title}: {said}. {follows}",
        (
            section(text),
            context(f"{story}change `{record.id}`"),
            *_look_again(record),
        ),
    )


def reminder(record: Record) -> Message:
    """What the channel of a card is reminded of, in its thread."""
    title, asked_by = record.plan.title, record.requester_label
    said = f"⏰ *{escape(title)}* still waits: {_lacking(record)}."
    small = f"Asked by {escape(asked_by)} · answer by {date(record.expires_at, 'left')} · change `{record.id}`"
    return message(f"{title} still waits for approval. Asked by {asked_by}.", (section(said), context(small)))


def _look_again(record: Record) -> list[Block]:
    """Where nobody knows what became of it: a button that shows, to whoever presses it, how things are now."""
    if record.state is not State.UNKNOWN:
        return []
    said = f"How it stands now: {code(reading_of(record))}"
    return [context(said), actions([button("Look again", LOOK_AGAIN, record.id)], f"look:{record.id}")]


def plan(shown: Plan, *, live: bool) -> list[Block]:
    """What nobody may overlook, what is so and will be so, and what follows."""
    blocks: list[Block] = [section("\n".join(alarms_of(shown)))] if live and shown.alarms else []
    blocks += [section(text) for text in texts_of([line for line in shown.lines if live or not line.while_live])]
    said = [f"⚠️ *{escape(warning)}*" for warning in shown.warnings]
    said += [escape(consequence) for consequence in shown.consequences]
    if said and live:
        blocks.append(section("\n".join(said)))
    return blocks


def alarms_of(shown: Plan) -> list[str]:
    """What nobody may overlook who agrees, with the strongest mark there is."""
    return [f"🚨 *{escape(alarm)}*" for alarm in shown.alarms]


def _beside(record: Record) -> list[Block]:
    """Another change of the same thing, which may have ended since: nobody edits this card when it does."""
    other = record.neighbour
    if other is None or not record.live:
        return []
    whose = f"{escape(other.title)}, asked by {escape(other.asked_by)}"
    where = link(other.link, "Its card") if other.link else f"Change {code(other.change)}"
    return [section(f"⚠️ *When this was asked, {date(record.created_at)}, {NEIGHBOUR}:* {whose}. {where}")]


def _standing(record: Record) -> tuple[str, str]:
    """A sign and a word for where the record stands; of a key's two ends each has its own."""
    if record.state is State.DONE and len(record.offers) == 2:
        return ("✅", "approved") if record.offer is record.offers[0] else ("🗑️", "rejected and deleted")
    return _MARK[record.state], _SAID[record.state]


def shows_whole(shown: Plan) -> bool:
    """Whether a card can show all of a plan: what does not fit nobody can agree to."""
    texts = texts_of(shown.lines)
    follows = sum(len(escape(said)) + 10 for said in (*shown.alarms, *shown.warnings, *shown.consequences))
    return len(texts) <= MOST_TEXTS and max(map(len, texts), default=0) <= SECTION_LIMIT and follows <= SECTION_LIMIT


def texts_of(lines: Sequence[Line]) -> list[str]:
    """Facts, one a line, in as many texts as Slack's limit of a section asks for; what changes stands in bold."""
    texts: list[str] = []
    for line in map(_line, lines):
        if texts and len(texts[-1]) + len(line) < SECTION_LIMIT:
            texts[-1] += f"\n{line}"
        else:
            texts.append(line)
    return texts


def _line(line: Line) -> str:
    now = _value(line.now)
    change = f"{now} → *{_value(line.after)}*" if line.after is not None else now
    return f"*{escape(line.label)}:* {change}"


def _value(value: str | Moment) -> str:
    return date(value.at) if isinstance(value, Moment) else escape(value)


def _story(record: Record) -> str:
    """Who asked, and when."""
    if record.requester:
        who = name(record.requester.user, record.requester_label)
    else:
        who = f"The service {escape(record.requester_label)}"
    return f"{who} asked {date(record.created_at)} · change `{record.id}`"


def _wanted(record: Record) -> str:
    """Who agreed, who else may, and the deadline."""
    first = record.offers[0]
    if first.needed and not first.approvers:
        return "Nobody may approve this: permissions.yaml has no confirmation for it."
    parts = []
    for offer in record.offers:
        agreed = record.agreed(offer.operation)
        if agreed:
            verb = "Approved by" if offer is first else "To be rejected, by"
            parts.append(f"{verb} {names_of(agreed)} ({len(agreed)} of {max(offer.needed, 1)})")
    parts.append(_capital(_lacking(record)) if first.needed else "Whoever may do it can confirm")
    return " · ".join([*parts, *answer_by(record, "left")])


def answer_by(record: Record, style: DateStyle = "short") -> tuple[str, ...]:
    """The deadline of a request; none for a waiting key, of which its facts say until when it is there."""
    return (f"answer by {date(record.expires_at, style)}",) if record.requester else ()


def _lacking(record: Record) -> str:
    """How many more have to agree, and who may."""
    first = record.offers[0]
    lacking = first.needed - len(record.agreed(first.operation))
    more = "more " if lacking < first.needed else ""
    people = "person" if lacking == 1 else "people"
    groups = " or ".join(escape(group) for group in first.approvers)
    besides = " besides the requester" if record.requester and not first.self_approval else ""
    return f"needs {lacking} {more}{people} of {groups}{besides}"


def _ending(record: Record) -> str:
    by = _by(record)
    parts = [f"*{_standing(record)[1].capitalize()}*{by}."]
    if record.note:
        parts.append(escape(record.note))
    if record.state is State.EXPIRED:
        parts.append(_NOTHING_DONE)
    if record.closed_at:
        parts.append(f"· {date(record.closed_at)}")
    return " ".join(parts)


def _by(record: Record) -> str:
    if record.closed_by:
        return f" by {name(record.closed_by.user, record.closed_by_label)}"
    agreed = record.agreed(record.offer.operation) if record.chosen else ()
    if not agreed:
        return ""
    if record.state is State.DONE and len(record.offers) == 2:
        return f" by {names_of(agreed)}"
    verb = "approved" if record.offer is record.offers[0] else "rejected"
    return f" ({verb} by {names_of(agreed)})"


def names_of(approvals: Sequence[Approval]) -> str:
    """Those who agreed, by name."""
    return ", ".join(name(approval.actor.user, approval.label) for approval in approvals)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def name(user: str, label: str) -> str:
    """People are named without being pinged: only whoever asked is."""
    return f"{escape(label or user)} ({code(user)})"


def buttons(record: Record) -> list[ButtonElement]:
    """What somebody who may decide on a pending record can press."""
    if len(record.offers) == 2:
        service = escape(record.requester_label)
        doubts = [f"⚠️ {escape(warning)}\n" for warning in record.plan.warnings]
        question = f"{''.join(doubts)}Approve this key of *{service}*? It can be used at once."
        return [
            button(
                "Approve",
                "key_approve",
                record.id,
                style="primary",
                confirm=(question, "Approve anyway" if doubts else "Approve"),
            ),
            button(
                "Reject",
                "key_reject",
                record.id,
                style="danger",
                confirm=(f"Reject this key of *{service}*? It is deleted from Quay.", "Reject"),
            ),
            button("Details", "key_details", record.id),
        ]
    becomes = "\n".join(_line(line) for line in record.plan.lines if line.after is not None)
    beside = (f"When this was asked, {NEIGHBOUR}.",) if record.neighbour else ()
    follows = " ".join((*beside, *record.plan.warnings, *record.plan.consequences))
    alarms = alarms_of(record.plan)
    question = "\n".join((f"*{escape(record.plan.title)}*?", *alarms, becomes, escape(follows)))
    yes = "Approve anyway" if alarms else "Approve"
    return [
        button(
            "Approve", "change_approve", record.id, style="danger" if alarms else "primary", confirm=(question, yes)
        ),
        button("Reject", "change_reject", record.id, style="danger"),
    ]
