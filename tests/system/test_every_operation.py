"""Every operation from Slack to Quay and back, typed and by its form, through the real processes."""

import random
import re
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

import pytest

from bot.quay.client import NO_KEY
from bot.quay.operations import GET_ORGANIZATION, GET_USER, OPERATIONS, Operation, Route
from sandbox.quay.jwk import pseudo_jwk, thumbprint
from sandbox.quay.state import Approval, Build, Namespace, Organization, Quota, Registry, RegistrySize, ServiceKey, User
from tests.system.conftest import ADMIN, Town

GIB = 1024**3
CAROL, BOB = "U03CAROL", "U02BOB"
Way = Literal["typed", "form"]


@pytest.fixture(scope="module")
def permissions() -> str:
    """Carol may ask for everything; quotas and measuring she confirms herself, for all else Bob has to agree."""
    return """\
version: 1
workspace: T0SANDBOX
groups: {requesters: [U03CAROL], approvers: [U02BOB]}
channels: {admin: [C0REGADMIN]}
rules:
  - {name: Carol may do everything, who: [requesters], may: [all]}
  - {name: Bob may do everything, who: [approvers], may: [all]}
confirmations:
  - {for: [quotas.change, postRegistrySize], approvals: 0, expires: 10m}
  - {for: [change], approvers: [approvers], approvals: 1, expires: 1h}
"""


@dataclass(frozen=True)
class Target:
    """What one run is about: everything of it has the run's own name, which no other run has."""

    registry: Registry
    name: str

    @property
    def jwk(self) -> dict[str, str]:
        return pseudo_jwk(random.Random(self.name))  # noqa: S311  # nobody's key

    @property
    def kid(self) -> str:
        return thumbprint(self.jwk).hex()

    @property
    def gib(self) -> int:
        return 300 + len(self.name)

    @property
    def build(self) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_DNS, self.name))

    @property
    def namespace(self) -> Namespace | None:
        return self.registry.namespaces.get(self.name)

    @property
    def key(self) -> ServiceKey | None:
        return self.registry.key(self.kid)

    def fill(self, text: str) -> str:
        """A text of the table, with this target in it."""
        return text.format(name=self.name, kid=self.kid, build=self.build, gib=self.gib)


Stage = Callable[[Target], None]
State = Callable[[Target], bool]


@dataclass(frozen=True)
class Row:
    """How an operation is asked for, and what comes of it. Texts may name the target: {name}, {kid}, {build}, {gib}."""

    typed: str
    says: str
    entered: Mapping[str, str] = field(default_factory=dict)
    """What goes into the form; where there is nothing to enter, the menu's button is enough."""
    by_button: str = ""
    """What the answer to the button says, where it is another."""
    stage: Stage = lambda _: None
    """What has to be in the registry before."""
    holds: State | None = None
    """What is so in the registry after a change, and was not before."""
    asks: Route | None = None
    """The call by which Quay is asked, where it is not the operation itself."""

    @property
    def command(self) -> str:
        """The command's path: the words before the first argument."""
        return re.split(r" (?=[-{A-Z])| user:", self.typed)[0]


def organization(target: Target) -> None:
    target.registry.add(Organization(target.registry.next_id(), target.name, f"{target.name}@example.com"))


def user(target: Target) -> None:
    target.registry.add(User(target.registry.next_id(), target.name, f"{target.name}@example.com"))


def with_quota(add: Stage) -> Stage:
    """A namespace of which 34 of 200 GiB are used."""

    def stage(target: Target) -> None:
        add(target)
        assert target.namespace
        target.namespace.quota = Quota(target.registry.next_id(), 200 * GIB)
        target.namespace.quota_bytes, target.namespace.backfill = 34 * GIB, "complete"

    return stage


def waiting_key(target: Target) -> None:
    now = target.registry.clock()
    target.registry.keys[target.kid] = ServiceKey(target.kid, target.name, target.jwk, now)


def approved_key(target: Target) -> None:
    waiting_key(target)
    assert target.key
    target.key.approval = Approval("SUPERUSER", target.key.created, "quayadmin", "")


def build(target: Target) -> None:
    started = target.registry.clock() - timedelta(minutes=4)
    target.registry.builds[target.build] = Build(
        target.build, "building", started, target.name, "api",
        status={"current_command": 2, "total_commands": 4},
        logs=[{"message": f"Step 1/4 : FROM {target.name}", "type": "command"}],
    )  # fmt: skip


def push(target: Target) -> None:
    metadata = {"namespace": target.name, "repo": "api", "tag": "v1"}
    target.registry.log("push_repo", metadata, namespace=target.name, performer="quayadmin", ip="10.1.2.3")


def never_measured(target: Target) -> None:
    target.registry.size = RegistrySize()


def measured(target: Target) -> None:
    target.registry.size = RegistrySize(target.gib * GIB, target.registry.clock() - timedelta(hours=3))


def limited(target: Target) -> bool:
    return bool(target.namespace and target.namespace.quota and target.namespace.quota.limit_bytes == 100 * GIB)


def unlimited(target: Target) -> bool:
    return target.namespace is not None and target.namespace.quota is None


def gone(target: Target) -> bool:
    return target.namespace is None


def key_made(target: Target) -> bool:
    return any(key.service == target.name and key.approval for key in target.registry.keys.values())


def approved_by_bob(target: Target) -> bool:
    return bool(target.key and target.key.approval and "Bob Brandt (U02BOB)" in target.key.approval.notes)


def renamed(target: Target) -> bool:
    return target.namespace is None and target.registry.organization(f"{target.name}.new") is not None


def readdressed(target: Target) -> bool:
    return target.namespace is not None and target.namespace.email == f"{target.name}@new.example"


def measurement(target: Target) -> bool:
    return target.registry.size.busy or target.registry.size.last_ran is not None


QUOTA_SHOWN = "{name} is at 17 % of its quota: 34 GiB of 200 GiB"
QUOTA_SET = "Quay confirms a quota of 100 GiB for {name}."
USERS_QUOTA_SET = "Quay confirms a quota of 100 GiB for user:{name}."
ORGANIZATION, USER, BUILD, KEY = (
    {"namespace": "{name}"},
    {"namespace": "user:{name}"},
    {"build_uuid": "{build}"},
    "{kid}",
)
LIMIT = {"limit": "100GiB"}

# fmt: off
TABLE: Mapping[str, Row] = {
    "listAllUsers": Row(
        "users list --match {name}", "1 user matching “{name}”", by_button="quayadmin", stage=user),
    "createInstallUser": Row(
        "users create {name} --email {name}@example.com", "Quay has the user {name} with the e-mail address",
        {"username": "{name}", "email": "{name}@example.com"}, holds=lambda target: not gone(target)),
    "changeInstallUser": Row(
        "users update {name} --email {name}@new.example", "E-mail: it is now {name}@new.example.",
        {"username": "{name}", "email": "{name}@new.example"}, stage=user, holds=readdressed),
    "deleteInstallUser": Row(
        "users delete {name}", "The user {name} is deleted: Quay no longer has it.",
        {"username": "{name}"}, stage=user, holds=gone),
    "listAllOrganizations": Row(
        "orgs list --match {name}", "1 organization matching “{name}”", by_button="team-edge", stage=organization),
    "changeOrganization": Row(
        "orgs update {name} --rename {name}.new", "Quay has the organization {name}.new.",
        {"name": "{name}", "rename": "{name}.new"}, stage=organization, holds=renamed),
    "deleteOrganization": Row(
        "orgs delete {name}", "The organization {name} is deleted: Quay no longer has it.",
        {"name": "{name}"}, stage=organization, holds=gone),
    "listServiceKeys": Row(
        "keys list --service {name}", "1 service key of {name}, 1 waiting", by_button="{name}", stage=waiting_key),
    "getServiceKey": Row(
        "keys show {kid}", "of {name} is approved", {"kid": KEY}, stage=approved_key),
    "createServiceKey": Row(
        "keys create {name} --expires 90d", "of {name}, approved until", {"service": "{name}", "expires": "90d"},
        holds=key_made),
    "updateServiceKey": Row(
        "keys update {kid} --name anew", "as it was wanted", {"kid": KEY, "name": "anew"},
        stage=approved_key, holds=lambda target: target.key is not None and target.key.name == "anew"),
    "approveServiceKey": Row(
        "keys approve {kid}", "Quay has it approved: {name} can use it", {"kid": KEY},
        stage=waiting_key, holds=approved_by_bob),
    "deleteServiceKey": Row(
        "keys delete {kid}", "is deleted: Quay no longer has it.", {"kid": KEY},
        stage=approved_key, holds=lambda target: target.key is None),
    "listUserQuotaSuperUser": Row(
        "quota show {name}", QUOTA_SHOWN, ORGANIZATION, stage=with_quota(organization), asks=GET_ORGANIZATION),
    "createUserQuotaSuperUser": Row(
        "quota set {name} 100GiB", QUOTA_SET, ORGANIZATION | LIMIT, stage=organization, holds=limited),
    "changeUserQuotaSuperUser": Row(
        "quota set {name} 100GiB", QUOTA_SET, ORGANIZATION | LIMIT, stage=with_quota(organization), holds=limited),
    "deleteUserQuotaSuperUser": Row(
        "quota delete {name}", "Quay confirms that {name} has no quota of its own.", ORGANIZATION,
        stage=with_quota(organization), holds=unlimited),
    "listOrganizationQuotaSuperUser": Row(
        "quota show user:{name}", f"user:{QUOTA_SHOWN}", USER, stage=with_quota(user), asks=GET_USER),
    "createOrganizationQuotaSuperUser": Row(
        "quota set user:{name} 100GiB", USERS_QUOTA_SET, USER | LIMIT, stage=user, holds=limited),
    "changeOrganizationQuotaSuperUser": Row(
        "quota set user:{name} 100GiB", USERS_QUOTA_SET, USER | LIMIT, stage=with_quota(user), holds=limited),
    "deleteOrganizationQuotaSuperUser": Row(
        "quota delete user:{name}", "Quay confirms that user:{name} has no quota of its own.", USER,
        stage=with_quota(user), holds=unlimited),
    "listAllLogs": Row(
        "logs --namespace {name} --kind push_repo", "1 log entry in {name}", by_button="{name}/api", stage=push),
    "getRepoBuildSuperUser": Row(
        "builds show {build}", "The build of {name}/api is in phase building", BUILD, stage=build),
    "getRepoBuildStatusSuperUser": Row("builds status {build}", "Step 2 of 4", BUILD, stage=build),
    "getRepoBuildLogsSuperUser": Row("builds logs {build}", "Step 1/4 : FROM {name}", BUILD, stage=build),
    "getRegistrySize": Row(
        "registry size", "The registry holds {gib} GiB", stage=measured),
    "postRegistrySize": Row("registry measure", "Quay is measuring.", stage=never_measured, holds=measurement),
    "getConfigDump": Row(
        "config SUPER_USERS", "quayadmin", by_button="FEATURE_QUOTA_MANAGEMENT"),
}
# fmt: on


def test_the_table_has_every_operation() -> None:
    """And every change says what it changes."""
    assert TABLE.keys() == OPERATIONS.keys()
    assert {id_ for id_, row in TABLE.items() if row.holds} == {
        id_ for id_, each in OPERATIONS.items() if each.kind == "change"
    }


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("way", ["typed", "form"])
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda operation: operation.id)
async def test_an_operation_goes_from_slack_to_quay_and_back(town: Town, operation: Operation, way: Way) -> None:
    """A read shows what Quay has; a change is nothing until it is agreed to, and then Quay has it, sent once."""
    row, target = TABLE[operation.id], Target(town.registry, f"{way}{operation.id.lower()}")
    row.stage(target)
    requests = f"{town.environment['QUAY_URL']}/sandbox/quay/requests"
    before = await latest(town)
    await town.page.delete(requests)

    says = await ask(town, row, target, way)
    if row.holds is None:
        assert (await town.sees(CAROL, target.fill(says), after=before))["ephemeral"]
    else:
        assert not row.holds(target)
        await agree(town, operation, target, before)
        await town.sees(CAROL, target.fill(says), "✅", after=before)
        assert row.holds(target)

    asked = Counter(
        route.id
        for each in (await town.page.get(requests)).json()["requests"]
        for route in (*OPERATIONS.values(), GET_USER, GET_ORGANIZATION)
        if each["method"] == route.method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", route.path), each["path"])
        if not each["path"].endswith(f"/{NO_KEY}")  # the worker's proof that its token may change something
    )
    assert asked[(row.asks or operation).id] >= 1
    assert {id_: times for id_, times in asked.items() if id_ in OPERATIONS and OPERATIONS[id_].kind == "change"} == (
        {operation.id: 1} if row.holds else {}
    )


async def ask(town: Town, row: Row, target: Target, way: Way) -> str:
    """Type the command, fill in its form, or press its button in the menu; what the answer is to say."""
    if way == "typed":
        await town.say(CAROL, target.fill(f"/quay {row.typed}"))
    elif row.entered:
        await town.say(CAROL, f"/quay {row.command}")
        view = await town.modal(CAROL, f"/quay {row.command}")
        await town.submit(CAROL, view, entered(view, {name: target.fill(text) for name, text in row.entered.items()}))
    else:
        await town.say(CAROL, "/quay")
        await town.press(CAROL, await town.sees(CAROL, "What you may do here"), f"menu:{row.command}")
        return row.by_button or row.says
    return row.says


def entered(view: dict[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    """The values of a modal in which these texts were typed or picked, by the arguments' names."""
    elements = {block["block_id"]: block["element"] for block in view["blocks"] if block["type"] == "input"}
    values = {}
    for name, text in texts.items():
        element = elements[f"field:{name}"]
        option = {"value": text, "text": {"type": "plain_text", "text": text}}
        held = {"selected_option": option} if element["type"].endswith("select") else {"value": text}
        values[f"field:{name}"] = {element["action_id"]: held}
    return values


async def agree(town: Town, operation: Operation, target: Target, before: str) -> None:
    """Carol confirms what is hers alone; a card is for Bob, who also finds a key's card that stood there already."""
    if operation.noun in {"quotas", "registry"}:
        plan = await town.sees(CAROL, "change_confirm", after=before)
        assert plan["ephemeral"]
        await town.press(CAROL, plan, "change_confirm")
    elif operation.id == "approveServiceKey":
        await town.press(BOB, await town.sees(BOB, target.kid, "key_approve"), "key_approve")
    else:
        await town.press(BOB, await town.sees(BOB, "change_approve", after=before), "change_approve")


async def latest(town: Town) -> str:
    """The `ts` of the last message that Carol sees."""
    answer = await town.page.get("/sandbox/slack/messages", params={"channel": ADMIN, "user": CAROL})
    return max((message["ts"] for message in answer.json()["messages"]), default="")
