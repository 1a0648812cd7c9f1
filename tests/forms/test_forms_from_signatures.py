"""Forms come from the same signatures as the grammar, and what is entered is typed as one would type it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.commands import Call, Correction, Field, Incomplete, Suggest, Value, form_of, read, render
from bot.commands.forms import given_in
from bot.loading import build_grammar
from bot.views import forms
from sandbox.slack.blocks import check_view

GRAMMAR = build_grammar("/quay")


@pytest.mark.parametrize(
    ("path", "name", "kind", "required", "also"),
    [
        ("quota set", "namespace", "search", True, {"source": Suggest.NAMESPACES}),
        ("quota set", "limit", "text", True, {"example": "100GiB"}),
        ("keys approve", "kid", "search", True, {"source": Suggest.KEYS, "label": "Key"}),
        ("keys approve", "notes", "text", False, {}),
        ("keys create", "service", "search", True, {"source": Suggest.SERVICES}),
        ("keys create", "expires", "text", True, {"example": "90d or never"}),
        ("keys create", "meta", "lines", False, {"example": "KEY=VALUE"}),
        ("keys list", "pending", "flag", False, {}),
        ("keys list", "expiring", "text", False, {"example": "30d"}),
        ("users create", "username", "text", True, {}),
        ("users create", "email", "email", False, {}),
        ("users update", "username", "search", True, {"source": Suggest.USERS}),
        ("users update", "enabled", "switch", False, {"choices": ("--enable", "--disable")}),
        ("users delete", "username", "search", True, {"source": Suggest.USERS}),
        ("orgs update", "name", "search", True, {"source": Suggest.ORGANIZATIONS}),
        ("orgs update", "rename", "text", False, {}),
        ("orgs update", "invoice_email", "choice", False, {"choices": ("yes", "no")}),
    ],
)
def test_each_argument_has_the_input_that_suits_it(
    path: str, name: str, kind: str, required: bool, also: dict[str, Any]
) -> None:
    """Pickers that search for what the registry knows, ticks, menus, and examples of what is typed."""
    field = next(field for field in form_of(GRAMMAR.commands[path]).fields if field.name == name)
    assert (field.kind, field.required) == (kind, required)
    assert {each: getattr(field, each) for each in also} == also
    assert field.hint


@pytest.mark.parametrize("path", sorted(GRAMMAR.commands))
def test_slack_takes_every_form_empty_and_filled(path: str) -> None:
    """Within its limits, whatever was typed already."""
    asked = form_of(GRAMMAR.commands[path])
    awkward: dict[str, Value] = {field.name: "<!channel>\u202e" * 500 for field in asked.fields}
    for given_already in ({}, {field.name: usual(field) for field in asked.fields}, awkward):
        assert check_view(forms.form("/quay", asked, given_already, "{}", submit="Continue")) == []


def usual(field: Field) -> Value:
    """Something that somebody might have typed."""
    if field.kind == "flag":
        return True
    if field.kind == "lines":
        return ("a=b", "c=d")
    return field.choices[0] if field.choices else "team-a"


@pytest.mark.parametrize(
    ("path", "values", "text"),
    [
        ("quota set", {"namespace": "team-a", "limit": "100GiB"}, "quota set team-a 100GiB"),
        ("quota set", {"limit": "100GiB"}, "quota set --limit=100GiB"),
        ("keys approve", {"kid": "abcdef", "notes": "seen by “Kim” & co"}, None),
        ("keys approve", {"kid": "-abcdef", "notes": "--help"}, "keys approve --kid=-abcdef --notes=--help"),
        ("keys list", {"pending": True, "expiring": "30d"}, "keys list --pending --expiring=30d"),
        ("keys create", {"service": "clair", "expires": "never", "meta": ("a=b c", "d=e")}, None),
        ("users update", {"username": "kim", "enabled": "--disable"}, "users update kim --disable"),
        ("why", {"operation": "quota", "more": ("set", "namespace=team-a")}, "why quota set namespace=team-a"),
    ],
)
def test_what_is_entered_is_typed_as_one_would_type_it(path: str, values: dict[str, Value], text: str | None) -> None:
    """And read back as it was entered."""
    command = GRAMMAR.commands[path]
    rendered = render(command, values)
    assert text in {None, rendered}
    assert given_in(command, read(rendered)[len(path.split()) :]) == values


NOTES = st.text(min_size=1).filter(lambda text: text.strip() and "\0" not in text)
VALID: dict[str, st.SearchStrategy[Value]] = {
    "namespace": st.sampled_from(["team-a", "user:kim", "a.b_c"]),
    "limit": st.sampled_from(["100GiB", "1.5TB", "1KB"]),
    "kid": st.from_regex(r"[A-Za-z0-9_-]{6,43}", fullmatch=True),
    "service": st.sampled_from(["clair", "quay_builder"]),
    "expires": st.sampled_from(["90d", "never", "2126-12-31", "2126-12-31T10:00:00+02:00"]),
    "name": st.sampled_from(["builders-eu", "a_b"]),
    "notes": NOTES,
    "meta": st.lists(st.sampled_from(["owner=kim", "a.b=c d", 'x="y"', "z=–"]), min_size=1, max_size=3).map(tuple),
    "username": st.sampled_from(["kim", "kim.b"]),
    "email": st.sampled_from(["kim@example.com", "o'neil+x@b.example"]),
    "enabled": st.sampled_from(["--enable", "--disable"]),
    "reset_password": st.just(True),
    "type_the_name": NOTES,
    "rename": st.sampled_from(["team-b"]),
    "invoice_email": st.sampled_from(["yes", "no"]),
    "tag_expiration": st.sampled_from(["14d", "0s"]),
}
WRITTEN = [path for path, each in GRAMMAR.commands.items() if {f.name for f in form_of(each).fields} <= set(VALID)]


@settings(deadline=None)
@given(st.data())
def test_a_rendered_call_parses_back_to_itself(data: st.DataObject) -> None:
    """Whatever is in the free texts; nothing becomes another argument, markup or help."""
    command = GRAMMAR.commands[data.draw(st.sampled_from(sorted(WRITTEN)))]
    values: dict[str, Value] = {}
    for field in form_of(command).fields:
        if field.required or data.draw(st.booleans()):
            values[field.name] = data.draw(VALID[field.name])
    rendered = render(command, values)
    call = GRAMMAR.parse(rendered)
    assert isinstance(call, Call)
    assert call.command is command
    assert given_in(command, read(rendered)[len(command.path.split()) :]) == values
    free = {"notes", "type_the_name", "kid", "expires", "email"} & set(values)
    assert {name: call.arguments[name] for name in free} == {name: values[name] for name in free}


@settings(deadline=None)
@given(st.sampled_from(sorted(GRAMMAR.commands)), st.data())
def test_anything_entered_is_a_call_or_a_correction(path: str, data: st.DataObject) -> None:
    """Never an exception of another kind; a correction of one argument names a field of the form."""
    command = GRAMMAR.commands[path]
    asked = form_of(command)
    texts = st.text()
    values: dict[str, Value] = {
        field.name: data.draw(st.lists(texts).map(tuple)) if field.kind == "lines" else data.draw(texts)
        for field in asked.fields
        if field.kind not in {"flag", "switch"}
    }
    at_fault = None
    try:
        GRAMMAR.parse(render(command, values))
    except Correction as correction:
        at_fault = correction.parameter
    assert at_fault in {None, *(field.name for field in asked.fields)}


@pytest.mark.parametrize(
    ("text", "given_already"),
    [
        ("quota set", {}),
        ("quota set team-a", {"namespace": "team-a"}),
        ("Quota Set team-a", {"namespace": "team-a"}),
        ("quota set --limit 5GiB", {"limit": "5GiB"}),
        (
            "keys create clair --name 'a b' --meta a=b --meta c=d",
            {"service": "clair", "name": "a b", "meta": ("a=b", "c=d")},
        ),
        ("users update --disable --reset-password", {"enabled": "--disable", "reset_password": True}),
    ],
)
def test_what_was_typed_of_an_incomplete_command_is_kept(text: str, given_already: dict[str, Value]) -> None:
    """For the form to begin with."""
    with pytest.raises(Incomplete) as raised:
        GRAMMAR.parse(text)
    assert raised.value.given == given_already


@pytest.mark.parametrize("text", ["quota set Team", "keys approve --notes", "quota set team-a 5", "kyes approve"])
def test_what_is_wrong_is_corrected_and_opens_no_form(text: str) -> None:
    """A form is for what is missing."""
    with pytest.raises(Correction) as raised:
        GRAMMAR.parse(text)
    assert not isinstance(raised.value, Incomplete)
