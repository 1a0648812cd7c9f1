"""permissions.yaml is read whole, with the line of everything that is wrong; a bad one never comes into force."""

import os
from functools import partial
from pathlib import Path

import pytest

from bot.config.documents import DocumentError
from bot.loading import build_grammar
from bot.permissions.file import PolicyFile, open_policy_file, read_policy
from handlers.arguments import operations_of

READ_CALL = partial(operations_of, build_grammar("/quay"))
SHIPPED = Path(__file__).parents[2] / "permissions.yaml"
TEXT = SHIPPED.read_text(encoding="utf-8")


def test_the_shipped_file_is_good() -> None:
    """The example at the top level holds its own expectations."""
    assert read_policy(TEXT, "permissions.yaml", READ_CALL).expect


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("may: [keys.read,", "may: [keys.reed,", "rules[0].may[0]: 'keys.reed' is neither an operation nor a set"),
        ("who: [quota-managers]", "who: [quota-menagers]", "rules[1].who[0]: there is no group 'quota-menagers'"),
        ("may_request:", "may_ask:", "unknown key"),
        ("expires: 15m", "expires: 15", "confirmations[0].expires"),
        ("    approvers: [key-approvers]\n", "", "approvals: 1 needs approvers"),
        ("approvers: [key-approvers]", "approvers: [staff]", "is every member of the workspace"),
        ("where: {name: [platform]}", "where: {namespace: [platform]}", "has no such argument"),
        ("verdict: deny", "verdict: allow", "expect[1]: 'keys approve abcdef' for U03CAROL is deny, not allow"),
        ("limit: {max: 500GiB}}\n  - name", "limit: {max: 500}}\n  - name", "needs a unit"),
        ("in: [admin]", "in: [admins]", "there are no channels 'admins'"),
        ("version: 1", "version: 2", "version"),
        (
            "  - for: [deleteOrganization, del",
            "  - {for: [change], approvers: [key-approvers]}\n  - for: [deleteOrganization, del",
            "confirmations[1]: is never used",
        ),
        ("  - for: [change]", "  - for: [quotas.read, freeze]", "confirmations[3].for: none of these is a change"),
        (
            "name: anyone may ask for more quota",
            "name: staff may look at keys and quotas",
            "rules[3].name: another rule is called",
        ),
        ("limit: {max: 500GiB}}\n  - name", "limit: 500GiB}\n  - name", "limit is a size and takes bounds"),
        ('namespace: ["team-*"]', "namespace: {max: 1GiB}", "namespace is no size; it takes patterns"),
        ("limit: {max: 500GiB}}\n  - name", "limit: {}}\n  - name", "give max, min or max_increase"),
        (
            "limit: {max: 500GiB}}\n  - name",
            "limit: {max_increase: 0.2}}\n  - name",
            "'0.2' is not a percentage, such as 20%",
        ),
        (
            "where: {name: [platform]}",
            "where: {name: [platform]}\n"
            "  - {name: grow, who: [staff], deny: [createUserQuotaSuperUser], where: {limit: {max_increase: 5%}}}",
            "a deny cannot ask for max_increase",
        ),
        ("verdict: allow}", "verdict: allow, approvals: 2}", "needs 0 approvals, not 2"),
        ("do: quota set team-a 400GiB", "do: quota sett team-a", "cannot be read: There is no command"),
        ("in: [admin]", "in: []", "rules[0].in: should have 1 or more entries"),
        ("approvals: 0  ", "approvals: false  ", "confirmations[2].approvals: should be a whole number, not false"),
        ("expires: 24h", "expires: 366d", "confirmations[1].expires: 366d is too long: 365d at most"),
        ("expires: 24h", f"expires: 0x{'f' * 5000}", "confirmations[1].expires: Exceeds the limit"),
        ("approvals: 2", f"approvals: 0x{'f' * 5000}", "should be 20 or less, not a number of very many digits"),
        ("expires: 24h", "expires: &loop [*loop]", "confirmations[1].expires: should be a single value"),
        ("may: [keys.read,", "may: [[keys.read],", "rules[0].may[0]: should be a single value"),
        (
            "name: anyone may ask for more quota",
            f"name: {'x' * 151}",
            "rules[3].name: should have 150 characters at most",
        ),
        (
            "  admin: [C0REGADMIN",
            "  dm: [C0LAB]\n  admin: [C0REGADMIN",
            "channels.dm: 'dm' is the name of a place itself",
        ),
        (
            "  admin: [C0REGADMIN",
            "  C0REGOPS: [C0LAB]\n  admin: [C0REGADMIN",
            "'C0REGOPS' is the name of a place itself",
        ),
        (
            "{who: U03CAROL, in: C0REGADMIN, do: keys",
            "{in: admins, do: keys",
            "expect[1].in: there are no channels 'admins'",
        ),
        ("{who: U03CAROL, in: C0REGADMIN, do: keys", "{who: carol, do: keys", 'expect[1].who: "carol" does not fit'),
        ("do: quota set team-a 400GiB", "do: pending", "whoever may use the bot may use it"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(old: str, new: str, complaint: str) -> None:
    """Each complaint begins with the file and the line on which the fault stands."""
    assert old in TEXT
    text = TEXT.replace(old, new, 1)
    with pytest.raises(DocumentError) as raised:
        read_policy(text, "permissions.yaml", READ_CALL)
    said = str(raised.value)
    assert complaint in said
    assert said.startswith("permissions.yaml:")
    assert all(1 <= problem.line <= len(text.splitlines()) for problem in raised.value.problems)


def test_an_entry_below_a_wider_one_is_never_used() -> None:
    """The first that matches decides, so what it takes whole is left to nobody."""
    narrow = (
        "  - for: [quotas.change]\n    where: {enforcement: not_weaker, limit: {max: 1GiB}, namespace: team-*}\n"
        "    approvals: 0\n  - for: [change]"
    )
    with pytest.raises(DocumentError, match=r"confirmations\[3\]: is never used"):
        read_policy(TEXT.replace("  - for: [change]", narrow), "permissions.yaml", READ_CALL)
    read_policy(TEXT.replace("  - for: [change]", narrow.replace("1GiB", "1TiB")), "permissions.yaml", READ_CALL)


def test_requests_leave_entries_to_be_used_that_ask_for_approvals() -> None:
    """An entry without approvals is passed over for a request, so the same changes with approvals may follow it."""
    quotas = "[quotas.change, limits.change]"
    own = f"  - {{for: {quotas}, approvals: 0}}\n  - {{for: {quotas}, approvers: [key-approvers]}}\n"
    text = TEXT.replace("confirmations:                     #", f"confirmations:\n{own}#")
    with pytest.raises(DocumentError) as raised:
        read_policy(text, "permissions.yaml", READ_CALL)
    assert "confirmations[4]" in str(raised.value), "the entry about 500GiB, which is the third of the shipped ones"
    assert "confirmations[1]" not in str(raised.value)
    without = text.replace("may_request: [quotas.change, limits.change]", "may_request: [keys.change]")
    with pytest.raises(DocumentError, match=r"confirmations\[1\]: is never used"):
        read_policy(without, "permissions.yaml", READ_CALL)


@pytest.mark.parametrize(
    ("members", "approvals", "good"),
    [("[U1, U2]", 2, True), ("[U1, U2]", 3, False), ("[U1, S1]", 3, True), ("[U1, sam@example.com]", 3, False)],
)
def test_there_are_as_many_approvers_as_approvals(members: str, approvals: int, *, good: bool) -> None:
    """Where the file can tell: how many a user group has, Slack alone knows."""
    text = (
        f"version: 1\nworkspace: T1\ngroups: {{few: {members}}}\n"
        f"confirmations:\n  - {{for: [change], approvers: [few], approvals: {approvals}}}\n"
    )
    if good:
        assert read_policy(text, "permissions.yaml", READ_CALL)
    else:
        with pytest.raises(DocumentError, match="the approvers are 2 people, so 3 never agree"):
            read_policy(text, "permissions.yaml", READ_CALL)


def test_a_rule_is_quoted_as_it_stands_in_the_file() -> None:
    """With its line, its comments and its order."""
    policy = read_policy(TEXT, "permissions.yaml", READ_CALL)
    line = TEXT[: TEXT.index("  - name: anyone may ask")].count("\n") + 1
    assert policy.quote("anyone may ask for more quota") == (
        f"# permissions.yaml, line {line}\n"
        "- name: anyone may ask for more quota\n"
        "  who: [staff]\n"
        "  may_request: [quotas.change, limits.change]   # becomes a pending confirmation for those who may approve"
    )
    assert policy.quote("no such rule") == ""


@pytest.mark.parametrize("rules", ["[]", "[{name: a, who: [g], may: [read]}, {name: b, who: [g], may: [all]}]"])
def test_rules_on_one_line_can_be_quoted_as_well(rules: str) -> None:
    """Then the line is the quote."""
    text = f"version: 1\nworkspace: T1\ngroups: {{g: [U1]}}\nrules: {rules}\n"
    policy = read_policy(text, "permissions.yaml", READ_CALL)
    assert all(policy.quote(rule.name).endswith(f"rules: {rules}") for rule in policy.rules)


@pytest.mark.parametrize(
    ("rules", "first", "quoted"),
    [
        (
            "\n  -\n    name: a\n    who: [g]\n    deny: [all]\n  - {name: b, who: g, may: [all]}",
            5,
            "-\n  name: a\n  who: [g]\n  deny: [all]",
        ),
        ("\n  - # why\n    name: a\n    who: [g]\n    deny: [all]", 5, "- # why\n  name: a\n  who: [g]\n  deny: [all]"),
        (" [\n  {name: a, who: g,\n  deny: [all]},\n]", 5, "{name: a, who: g,\ndeny: [all]},"),
        (
            "\n- name: a\n  who: [g,\ng]\n  deny: [all]\n\n# of b\n- {name: b, who: g, may: [all]}",
            5,
            "- name: a\n  who: [g,\ng]\n  deny: [all]",
        ),
        ("\n- &a {name: b, who: g, deny: [read]}\n- <<: *a\n  name: a", 6, "- <<: *a\n  name: a"),
    ],
)
def test_a_quote_leaves_nothing_out(rules: str, first: int, quoted: str) -> None:
    """However the rule is laid out: a quote without its last line would say something else."""
    policy = read_policy(f"version: 1\nworkspace: T1\ngroups: {{g: [U1]}}\nrules:{rules}\n", "p.yaml", READ_CALL)
    assert policy.quote("a") == f"# p.yaml, line {first}\n{quoted}"


def _touch(path: Path, text: str, stamp: int) -> None:
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(stamp, stamp))


def came_into_force(file: PolicyFile) -> bool | None:
    return file.news[-1].loaded if file.news else None


def test_a_file_out_of_reach_leaves_the_old_one_in_force(tmp_path: Path) -> None:
    """Even where the system does not say whether there is one; told of once."""
    path = tmp_path / "permissions.yaml"
    _touch(path, TEXT, 1)
    file = open_policy_file(path, READ_CALL)
    first = file.current()
    path.unlink()
    path.symlink_to("x" * 300)
    assert file.current() is first
    assert file.current() is first
    assert [news.loaded for news in file.news] == [False]


def test_a_changed_file_comes_into_force_and_a_bad_one_does_not(tmp_path: Path) -> None:
    """A bad file is reported once and the old one stays; a good one replaces it whole."""
    path = tmp_path / "permissions.yaml"
    _touch(path, TEXT, 1)
    file = open_policy_file(path, READ_CALL)
    first = file.current()
    _touch(path, TEXT.replace("keys.read", "keys.reed"), 2)
    assert file.current() == first
    assert file.current() == first
    assert came_into_force(file) is False
    assert "keys.reed" in file.problems[0]
    _touch(path, TEXT.replace("400GiB", "300GiB"), 3)
    assert file.current() != first
    assert came_into_force(file) is True
    assert not file.problems
    path.rename(tmp_path / "elsewhere")
    assert file.current().expect
    assert "cannot be read" in file.problems[0]
    (tmp_path / "elsewhere").rename(path)
    assert file.current().expect
    assert not file.problems, "the same file again is as good as before"
