"""The files under deploy/ agree with the code and with each other: commands, ports, settings, files, names."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bot.config.settings import Settings
from deploy.prove_image import instructions
from deploy.sbom import bill, installed_licence, pins, refused

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
IMAGE = dict(instructions((ROOT / "Containerfile").read_text()))
"""The last instruction of each name: those of the stage that is the image."""
NAMES = {name.upper() for name in Settings.model_fields}
PORT = Settings.model_fields["port"].default
REQUIRED = {
    ("v1", "Namespace"): (),
    ("v1", "Service"): ("spec.selector", "spec.ports"),
    ("apps/v1", "Deployment"): ("spec.selector.matchLabels", "spec.template.metadata.labels", "spec.template.spec"),
    ("policy/v1", "PodDisruptionBudget"): ("spec.selector", "spec.maxUnavailable"),
    ("networking.k8s.io/v1", "NetworkPolicy"): ("spec.podSelector", "spec.policyTypes"),
}


def documents(path: Path) -> list[Any]:
    return list(YAML(typ="safe").load_all(path.read_text(encoding="utf-8")))


KUSTOMIZATION = documents(DEPLOY / "kubernetes" / "kustomization.yaml")[0]
RESOURCES = [each for name in KUSTOMIZATION["resources"] for each in documents(DEPLOY / "kubernetes" / name)]
DEPLOYMENTS = {each["metadata"]["name"]: each["spec"] for each in RESOURCES if each["kind"] == "Deployment"}
COMPOSE = documents(DEPLOY / "compose.yaml")[0]
UNITS = {path.stem.removeprefix("quaymaster-"): path.read_text() for path in (DEPLOY / "systemd").glob("*.service")}
PROCESSES = dict(line.split(": quaymaster ") for line in (ROOT / "Procfile").read_text().splitlines())


def container(name: str) -> dict[str, Any]:
    (only,) = DEPLOYMENTS[name]["template"]["spec"]["containers"]
    found: dict[str, Any] = only
    return found


def at(thing: Any, path: str) -> Any:
    for step in path.split("."):
        thing = thing[step]
    return thing


def are_settings(names: Any) -> bool:
    """Whether the bot knows each of these settings, also as a file."""
    return {str(name).removesuffix("_FILE") for name in names} - NAMES - {"PERMISSIONS", "ALERTS"} == set()


def test_every_way_runs_the_processes_of_the_procfile() -> None:
    """`web` and `worker`, with the same words."""
    assert {name: " ".join(container(name)["args"]) for name in DEPLOYMENTS} == PROCESSES
    assert {name: " ".join(COMPOSE["services"][name]["command"]) for name in PROCESSES} == PROCESSES
    started = {
        name: re.findall(r"^ExecStart=/opt/quaymaster/bin/quaymaster (.+)$", text, re.M) for name, text in UNITS.items()
    }
    assert started == {name: [command] for name, command in PROCESSES.items()}
    assert (IMAGE["ENTRYPOINT"], IMAGE["CMD"]) == ('["quaymaster"]', '["serve"]')


def test_every_setting_that_is_named_exists() -> None:
    """With its spelling; and all that is required is there."""
    literals = KUSTOMIZATION["configMapGenerator"][0]["literals"]
    mapped = {literal.partition("=")[0] for literal in literals}
    env_file = {line.partition("=")[0] for line in (DEPLOY / "systemd" / "quaymaster.env").read_text().splitlines()}
    env_file = {name for name in env_file if name and not name.startswith("#")}
    required = {name.upper() for name, each in Settings.model_fields.items() if each.is_required()}
    ways: list[set[str]] = [set(COMPOSE["services"][name]["environment"]) for name in PROCESSES]
    ways += [mapped | {each["name"] for each in container(name)["env"]} for name in DEPLOYMENTS]
    ways += [env_file | set(re.findall(r"^Environment=(\w+_FILE)=", text, re.M)) for text in UNITS.values()]
    for names in ways:
        assert are_settings(names), names
        assert required <= {
            name.removesuffix("_FILE") if name.removesuffix("_FILE") in NAMES else name for name in names
        }


def test_ports_and_probes_agree() -> None:
    """Of the image, the probes, the service, and the policy of the network."""
    (port,) = container("web")["ports"]
    assert (port["name"], port["containerPort"], IMAGE["EXPOSE"]) == ("http", PORT, str(PORT))
    paths = {kind: container("web")[f"{kind}Probe"]["httpGet"] for kind in ("startup", "readiness", "liveness")}
    assert {kind: probe["path"] for kind, probe in paths.items()} == {
        "startup": "/readyz",
        "readiness": "/healthz",
        "liveness": "/healthz",
    }
    served = (ROOT / "bot" / "web" / "server.py").read_text()
    assert all(f'Route("{probe["path"]}"' in served and probe["port"] == "http" for probe in paths.values())
    (service,) = (each["spec"] for each in RESOURCES if each["kind"] == "Service")
    assert service["ports"][0]["targetPort"] == "http"
    assert COMPOSE["services"]["web"]["ports"] == [f"127.0.0.1:{PORT}:{PORT}"]
    assert f"127.0.0.1:{PORT}/healthz" in COMPOSE["services"]["web"]["healthcheck"]["test"][-1]


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda each: f"{each['kind']}-{each['metadata']['name']}")
def test_each_resource_has_what_its_kind_requires(resource: Any) -> None:
    """And selects what is there."""
    for path in REQUIRED[resource["apiVersion"], resource["kind"]]:
        assert at(resource, path) is not None
    labels = {each["template"]["metadata"]["labels"]["app.kubernetes.io/component"] for each in DEPLOYMENTS.values()}
    if resource["kind"] == "Deployment":
        wanted = resource["spec"]["selector"]["matchLabels"]
        assert wanted == resource["spec"]["template"]["metadata"]["labels"]
    if resource["kind"] == "PodDisruptionBudget":
        assert resource["spec"]["selector"]["matchLabels"]["app.kubernetes.io/component"] in labels
        assert DEPLOYMENTS[resource["metadata"]["name"]]["replicas"] > resource["spec"]["maxUnavailable"]
    if resource["kind"] == "Service":
        assert resource["spec"]["selector"]["app.kubernetes.io/component"] in labels


@pytest.mark.parametrize("name", PROCESSES)
def test_a_pod_is_as_restricted_as_the_namespace_demands(name: str) -> None:
    """No root, no capability, a root that cannot be written, no token of the cluster."""
    pod, box = DEPLOYMENTS[name]["template"]["spec"], container(name)["securityContext"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert f"{pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}" == IMAGE["USER"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert (box["allowPrivilegeEscalation"], box["readOnlyRootFilesystem"]) == (False, True)
    assert box["capabilities"] == {"drop": ["ALL"]}
    assert (pod["automountServiceAccountToken"], pod["enableServiceLinks"]) == (False, False)
    assert container(name)["image"] == KUSTOMIZATION["images"][0]["name"]


@pytest.mark.parametrize("name", PROCESSES)
def test_what_a_pod_mounts_is_generated(name: str) -> None:
    """The files of the policy and one file for each secret, where its settings look for them."""
    maps = {each["name"]: each for each in KUSTOMIZATION["configMapGenerator"]}
    (secrets,) = KUSTOMIZATION["secretGenerator"]
    mounted = {each["name"]: each["mountPath"] for each in container(name)["volumeMounts"]}
    volumes = {each["name"]: each for each in DEPLOYMENTS[name]["template"]["spec"]["volumes"]}
    assert volumes["policy"]["configMap"]["name"] in maps
    assert volumes["secrets"]["secret"]["secretName"] == secrets["name"]
    assert container(name)["envFrom"] == [{"configMapRef": {"name": "settings"}}]
    there = {f"{mounted['secrets']}/{Path(file).name}" for file in secrets["files"]}
    assert there == {each["value"] for each in container(name)["env"] if each["name"].endswith("_FILE")}
    files = dict(literal.split("=", 1) for literal in maps["settings"]["literals"])
    assert {files["PERMISSIONS_FILE"], files["ALERTS_FILE"]} == {
        f"{mounted['policy']}/{file}" for file in maps["policy"]["files"]
    }


@pytest.mark.parametrize("name", PROCESSES)
def test_compose_mounts_what_its_settings_name(name: str) -> None:
    """Secrets as files, a root that cannot be written, Redis that keeps what it has."""
    service = COMPOSE["services"][name]
    files = {value for key, value in service["environment"].items() if key.endswith("_FILE")}
    assert files == {f"/run/secrets/{secret}" for secret in service["secrets"]}
    assert set(service["secrets"]) == set(COMPOSE["secrets"])
    assert service["read_only"]
    assert service["depends_on"] == {"redis": {"condition": "service_healthy"}}
    redis = COMPOSE["services"]["redis"]
    assert {"yes", "noeviction"} < set(redis["command"])
    assert redis["volumes"] == ["redis:/data"]


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_hands_over_its_secrets_as_credentials(unit: str) -> None:
    """Each that a setting names is loaded; wrong settings are not tried again."""
    loaded = set(re.findall(r"^LoadCredential=([\w-]+):/etc/quaymaster/secrets/\1$", UNITS[unit], re.M))
    assert loaded == set(re.findall(r"^Environment=\w+_FILE=%d/([\w-]+)$", UNITS[unit], re.M)) != set()
    assert {"DynamicUser=yes", "ProtectSystem=strict", "RestartPreventExitStatus=2"} < set(UNITS[unit].splitlines())


@pytest.mark.parametrize("way", ["compose", "systemd", "kubernetes"])
def test_who_stops_a_process_waits_for_it(way: str) -> None:
    """For as long as requests may continue, and somewhat longer for changes under way."""
    graces = {
        "compose": [int(COMPOSE["services"]["web"]["stop_grace_period"].rstrip("s"))],
        "systemd": [int(re.findall(r"^TimeoutStopSec=(\d+)$", text, re.M)[0]) for text in UNITS.values()],
        "kubernetes": [each["template"]["spec"]["terminationGracePeriodSeconds"] for each in DEPLOYMENTS.values()],
    }
    assert min(graces[way]) > Settings.model_fields["shutdown_seconds"].default


def pinned() -> Iterator[tuple[str, str]]:
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        name, _, version = line.partition("==")
        yield re.sub(r"[-_.]+", "-", name).casefold(), version


def test_the_image_is_pinned_with_hashes_to_what_is_tested() -> None:
    """Every dependency, in the version of constraints.txt; no address in it."""
    text = (ROOT / "constraints-hashes.txt").read_text()
    found = {pin.name: pin for pin in pins(text)}
    tested = dict(pinned())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", each)[0]).casefold() for each in project["dependencies"]}  # type: ignore[index]  # each begins with a name
    assert needed <= found.keys()
    assert {name: pin.version for name, pin in found.items()} == {name: tested[name] for name in found}
    assert all(pin.hashes for pin in found.values())
    for file in (text, (DEPLOY / "build-hashes.txt").read_text()):
        assert "//" not in file
        assert len(list(pins(file))) == len(re.findall(r"^[a-z].*==", file, re.M))


def test_every_licence_of_the_image_is_allowed() -> None:
    """As its packages say of themselves."""
    found = pins((ROOT / "constraints-hashes.txt").read_text())
    assert {pin.name: licence for pin in found if refused(licence := installed_licence(pin.name))} == {}


@pytest.mark.parametrize(
    ("licence", "wrong"),
    [("MIT", []), ("MIT OR GPL-3.0", []), ("MIT AND GPL-3.0", ["GPL-3.0"]), ("GPL-3.0", ["GPL-3.0"]), ("", ["(none)"])],
)
def test_a_licence_that_is_not_allowed_is_found(licence: str, wrong: list[str]) -> None:
    """Of alternatives one is enough; of parts each counts; none is not enough."""
    assert refused(licence) == wrong


def test_the_bill_of_materials_names_every_package_once() -> None:
    """CycloneDX 1.6: what a scanner reads."""
    found = list(pins((ROOT / "constraints-hashes.txt").read_text()))
    made = bill(found, "1.2.3")
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", made["serialNumber"])
    references = [component["bom-ref"] for component in made["components"]]
    assert references == made["dependencies"][0]["dependsOn"]
    assert len(set(references)) == len(found) > 40
    assert all(component["hashes"] and component["licenses"] for component in made["components"])
    assert bill(found, "1.2.3") == made


def test_the_licence_is_there() -> None:
    """The whole text of the one that pyproject.toml names."""
    text = (ROOT / "LICENSE").read_text()
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["license"] == "Apache-2.0"
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
