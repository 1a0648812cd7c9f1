"""The command line's questions to files, without Slack, Redis or Quay: `quaymaster check` and `quaymaster why`."""

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

from cyclopts import Parameter

from bot.alerts.config import AlertsFile
from bot.config.documents import DocumentError, unreadable
from bot.loading import build_grammar, open_alerts, open_policy
from bot.permissions import Policy
from bot.permissions.askable import Approvers, Explanation, explain_offline
from bot.permissions.conditions import SUPPOSED, fact
from bot.permissions.difference import difference
from bot.permissions.schema import schema
from handlers.arguments import operations_of, split_facts

Read = TypeVar("Read")
AsJson = Annotated[bool, Parameter(name="--json", negative=())]


def check(
    file: str | None = None,
    *,
    alerts: str | None = None,
    diff: str | None = None,
    schema_: Annotated[bool, Parameter(name="--schema", negative=())] = False,
    as_json: AsJson = False,
) -> None:
    """Check a permissions file, and prove its examples.

    Parameters
    ----------
    file
        The permissions file; by default the one that PERMISSIONS_FILE names, or permissions.yaml.
    alerts
        An alerts file that is to be checked as well.
    diff
        An older permissions file: says who gains and who loses what by the new one.
    schema_
        Print the JSON Schema of permissions files, for editors, and check nothing.
    as_json
        Print a list of problems, or with --diff of differences, as JSON.
    """
    if schema_:
        print(json.dumps(schema(), indent=2))
        return
    file = file or os.environ.get("PERMISSIONS_FILE", "permissions.yaml")
    problems: list[dict[str, Any]] = []
    policy = _read(lambda: _policy(file), file, problems)
    old = _read(lambda: _policy(diff), diff, problems) if diff is not None else None
    if alerts is not None:
        _read(lambda: _existing_alerts(alerts), alerts, problems)
    if problems:
        _complain(problems, as_json=as_json)
        sys.exit(1)
    if policy and old:
        _tell_difference(old, policy, as_json=as_json)
    elif as_json:
        print("[]")
    else:
        for good in filter(None, (file, alerts)):
            print(f"{good} is good.")
    sys.exit(0)


def _policy(path: str) -> Policy:
    return open_policy(path, build_grammar("/quay")).current()


def _existing_alerts(path: str) -> AlertsFile:
    alerts = open_alerts(path).current()
    if alerts is None:
        raise FileNotFoundError(2, "no such file", Path(path).name)
    return alerts


def _read(read: Callable[[], Read], path: str, problems: list[dict[str, Any]]) -> Read | None:
    """What was read, or None with the problems noted."""
    try:
        return read()
    except DocumentError as error:
        problems += [{"file": error.name, "line": p.line, "path": p.path, "message": p.message} for p in error.problems]
    except (OSError, UnicodeDecodeError) as error:
        problems.append({"file": path, "line": 0, "path": "", "message": unreadable(path, error)})
    return None


def _complain(problems: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(problems, indent=2))
        return
    for problem in problems:
        where = f"{problem['file']}:{problem['line']}: " if problem["line"] else ""
        part = f"{problem['path']}: " if problem["path"] else ""
        print(f"{where}{part}{problem['message']}", file=sys.stderr)


def _tell_difference(old: Policy, new: Policy, *, as_json: bool) -> None:
    found = difference(old, new)
    if as_json:
        print(json.dumps([each.as_json() for each in found], indent=2))
        return
    marks = {"gains": "+", "loses": "-"}
    for each in found:
        print(f"{marks.get(each.kind, ' ')} {each.said}")
    if not found:
        print("Nobody may do more or less than before.")


def why(
    who: str,
    *do: str,
    file: str = "permissions.yaml",
    in_: Annotated[str | None, Parameter(name="--in")] = None,
    as_: Annotated[tuple[str, ...], Parameter(name="--as", negative=())] = (),
) -> None:
    """Explain offline what a permissions file says: may this user type this command here?

    Membership of user groups and of e-mail addresses cannot be known offline: name groups with --as.

    Parameters
    ----------
    who
        A user's id, such as U02BOB.
    do
        The command, such as: quota set team-a 100GiB. What is supposed to be there now may follow: limit_now=80GiB.
    file
        The permissions file.
    in_
        A channel's id, dm or home; the first admin channel when left out.
    as_
        A group of the file in which the user is to be put.
    """
    try:
        if not re.fullmatch(r"[UW][A-Z0-9]+", who):
            raise ValueError(f"{who!r} is no user id, such as U02BOB; it comes first, then the command")
        policy = _policy(file)
        words, facts = split_facts(do)
        operations, arguments = operations_of(build_grammar("/quay"), " ".join(words))
        explanations = explain_offline(policy, who, as_, operations, {**arguments, **facts}, in_)
    except (OSError, UnicodeDecodeError) as error:
        print(unreadable(file, error), file=sys.stderr)
        sys.exit(2)
    except (DocumentError, ValueError) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    print(f"If {who} is a full member of the workspace:")
    for each in explanations:
        print(f"{each.operation}: {each.decision.verdict}. {each.decision.reason}")
        for line in _more(each):
            print(f"  {line}")
    for quote in dict.fromkeys(each.quote for each in explanations if each.quote):
        print(f"\n{quote}")


def _more(each: Explanation) -> list[str]:
    """How it would be confirmed, and what else it depends on."""
    lines = []
    if each.entry:
        groups = " or ".join(map(_group, each.approvers))
        lines.append(f"needs {f'{each.entry.approvals} of {groups}' if groups else 'their own confirmation'}")
    lines += [
        f"depends on what is there now as well; suppose it with {fact(name)}={value}"
        for name, value in SUPPOSED.items()
        if fact(name) in each.unseen
    ]
    return lines


def _group(group: Approvers) -> str:
    unnamed = [f"{' and '.join(group.unnamed)} that Slack resolves"] if group.unnamed else []
    return f"{group.group} ({', '.join([*group.users, *unnamed]) or 'nobody'})"
