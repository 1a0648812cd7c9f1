"""The sandbox comes with a permissions file and an alerts file that the bot takes."""

from bot.alerts.config import AlertsFile
from bot.config.documents import read_document
from bot.loading import build_grammar, open_policy
from sandbox.front import PAGE
from sandbox.launcher import files_of


def test_the_permissions_hold_what_their_examples_say() -> None:
    """A file whose examples fail would be refused by the bot at its start."""
    policy = open_policy(str(PAGE.with_name("permissions.yaml")), build_grammar("/quay")).load()
    assert len(policy.expect) >= 5


def test_alerts_reach_the_team_that_they_concern() -> None:
    """The machine learning team hears of its own namespaces, the admins of all others."""
    file = PAGE.with_name("alerts.yaml")
    quotas = read_document(file.read_text(), AlertsFile, name=file.name).quotas
    assert quotas is not None
    routes = {name: quotas.route_for(name) for name in ("team-ml-vision", "team-alpha")}
    assert {name: route.channel for name, route in routes.items() if route} == {
        "team-ml-vision": "C0ML",
        "team-alpha": "C0REGADMIN",
    }


def test_files_of_ones_own_can_be_tried() -> None:
    """Those that the environment names; for what it does not name, or names nothing for, the sandbox's."""
    own = {
        "PERMISSIONS_FILE": str(PAGE.with_name("permissions.yaml")),
        "ALERTS_FILE": str(PAGE.with_name("alerts.yaml")),
    }
    assert files_of({"ALERTS_FILE": ""}) == own
    assert files_of({"PERMISSIONS_FILE": "mine.yaml"}) == own | {"PERMISSIONS_FILE": "mine.yaml"}
