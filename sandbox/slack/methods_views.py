"""views.*"""

from collections.abc import Mapping

from sandbox.slack.arguments import Arguments, Method
from sandbox.slack.blocks import Problem, check_view
from sandbox.slack.errors import SlackError, refusal
from sandbox.slack.model import STACK_LIMIT, Json, View
from sandbox.slack.objects import view_object
from sandbox.slack.rates import TIER_4
from sandbox.slack.simulation import Simulation


def open_modal(slack: Simulation, args: Arguments) -> Json:
    """Open a modal for the person whose trigger_id it is."""
    content = _content(slack, args, "modal")
    trigger = slack.tickets.exchange(args.required("trigger_id"))
    return _answer(slack, slack.workspace.open_view(trigger.user, content, on_top=False))


def push(slack: Simulation, args: Arguments) -> Json:
    """Open a modal on top of the one in which the trigger_id arose; three at most."""
    content = _content(slack, args, "modal")
    trigger = slack.tickets.exchange(args.required("trigger_id"))
    stack = slack.workspace.stack(trigger.user)
    if trigger.view not in stack:
        raise SlackError("invalid_trigger_id")
    if len(stack) >= STACK_LIMIT:
        raise SlackError("push_limit_reached")
    return _answer(slack, slack.workspace.open_view(trigger.user, content, on_top=True))


def update(slack: Simulation, args: Arguments) -> Json:
    """Change an open view, named by its id or the app's own external_id."""
    view = _open_view(slack, args)
    if view is None:
        raise SlackError("not_found")
    content = _content(slack, args, view.content["type"], changing=view)
    _same_hash(args, view)
    slack.workspace.change_view(view, content)
    return _answer(slack, view)


def publish(slack: Simulation, args: Arguments) -> Json:
    """Show something in a person's Home tab."""
    person = slack.workspace.find_person(args.required("user_id"))
    if person is None:
        raise SlackError("user_not_found")
    _same_hash(args, slack.workspace.homes.get(person.id))
    return _answer(slack, slack.workspace.publish_home(person.id, _content(slack, args, "home")))


def checked_view(view: object, kind: str) -> Json:
    """Take a view that an app sent. Raises SlackError invalid_arguments."""
    if not isinstance(view, dict):
        raise SlackError("invalid_arguments")
    problems = [Problem(f"/view{one.pointer}", one.code, one.message) for one in check_view(view)]
    if view.get("type") != kind:
        problems.append(Problem("/view/type", "failed_constraint", f"must be {kind} here"))
    if problems:
        raise refusal("invalid_arguments", problems)
    return view


def _content(slack: Simulation, args: Arguments, kind: str, *, changing: View | None = None) -> Json:
    content = checked_view(args.structure("view", "invalid_arguments"), kind)
    external_id = content.get("external_id")
    if external_id and _named(slack, external_id) not in {None, changing}:
        raise SlackError("duplicate_external_id")
    return content


def _open_view(slack: Simulation, args: Arguments) -> View | None:
    if args.has("external_id"):
        return _named(slack, args.required("external_id"))
    return slack.workspace.find_view(args.required("view_id"))


def _named(slack: Simulation, external_id: str) -> View | None:
    views = [view for stack in slack.workspace.stacks.values() for view in stack]
    return next((view for view in views if view.content.get("external_id") == external_id), None)


def _same_hash(args: Arguments, view: View | None) -> None:
    if args.has("hash") and view and args.text("hash") != view.hash:
        raise SlackError("hash_conflict")


def _answer(slack: Simulation, view: View) -> Json:
    return {"view": view_object(slack.workspace, view)}


VIEW_METHODS: Mapping[str, Method] = {
    "views.open": Method(open_modal, TIER_4),
    "views.push": Method(push, TIER_4),
    "views.update": Method(update, TIER_4),
    "views.publish": Method(publish, TIER_4),
}
