"""The source distribution builds a wheel, and the wheel works in an empty environment. Packages are downloaded."""

import json
import os
import signal
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import httpx
import pytest

from sandbox.serving import free_port

ROOT = Path(__file__).parents[2]
BUILD = "from setuptools.build_meta import build_sdist; import sys; print(build_sdist(sys.argv[1]))"

pytestmark = pytest.mark.long


def done(*command: object, cwd: Path | None = None) -> str:
    """Run a command to its good end, with nothing of this checkout in the environment."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "QUAY", "SLACK"))}
    words = list(map(str, command))
    ended = subprocess.run(words, cwd=cwd, env=clean, capture_output=True, text=True, check=False, timeout=500)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, built from a copy of what is under version control."""
    folder = tmp_path_factory.mktemp("sdist")
    source = folder / "source"
    source.mkdir()
    listed = done("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=ROOT).splitlines()
    for name in filter(lambda name: (ROOT / name).is_file(), listed):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((ROOT / name).read_bytes())
    done(sys.executable, "-m", "venv", folder / "build")
    pip = (folder / "build/bin/python", "-m", "pip", "install", "--quiet", "--require-hashes")
    done(*pip, "-r", ROOT / "deploy/build-hashes.txt")
    built = done(folder / "build/bin/python", "-c", BUILD, folder, cwd=source).splitlines()[-1]
    return folder / built


@pytest.fixture(scope="module")
def installed(sdist: Path) -> Path:
    """The folder of the commands of an empty environment, in which the wheel of the sdist was installed."""
    folder = sdist.parent
    build = (folder / "build/bin/python", "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation")
    done(*build, "--wheel-dir", folder / "wheel", sdist)
    (wheel,) = (folder / "wheel").glob("quaymaster-*.whl")
    done(sys.executable, "-m", "venv", folder / "empty")
    commands = folder / "empty/bin"
    done(commands / "python", "-m", "pip", "install", "--quiet", "-c", ROOT / "constraints.txt", f"{wheel}[sandbox]")
    return commands


def test_the_sdist_has_what_operators_need(sdist: Path) -> None:
    """The files of every way to run it, and the licence."""
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for name in ("LICENSE", "Containerfile", "constraints-hashes.txt", "deploy/compose.yaml", "permissions.yaml"):
        assert name in names
    assert {name for name in names if name.startswith((".git/", ".venv", "tests/"))} == set()


def test_it_says_its_version_and_checks_a_file(installed: Path, tmp_path: Path) -> None:
    """From another folder than the checkout."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert done(installed / "quaymaster", "--version", cwd=tmp_path) == f"{version}\n"
    permissions = ROOT / "permissions.yaml"
    assert "is good" in done(installed / "quaymaster", "check", permissions, cwd=tmp_path)
    assert len(json.loads(done(installed / "quaymaster", "operations", "--json", cwd=tmp_path))) == 28


def test_the_simulated_quay_starts(installed: Path, tmp_path: Path) -> None:
    """With the extra `sandbox`, its files included."""
    port = free_port()
    command = [str(installed / "quaymaster"), "sandbox", "--only", "quay", "--port", str(port)]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert str(port) in process.stdout.readline()
            answer = httpx.get(
                f"http://127.0.0.1:{port}/api/v1/superuser/keys",
                headers={"Authorization": "Bearer sandbox-superuser"},
            )
            assert answer.status_code == 200
        finally:
            process.send_signal(signal.SIGTERM)


def test_the_image_is_proven() -> None:
    """Each step of the Containerfile, and what its command does in a root that cannot be written."""
    said = done(sys.executable, ROOT / "deploy/prove_image.py")
    assert "serves /healthz from a root that cannot be written" in said
    assert "ends on SIGTERM" in said
