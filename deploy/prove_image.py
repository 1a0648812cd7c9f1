"""Follow the Containerfile without a container engine, and prove what comes out: `python deploy/prove_image.py`.

Each instruction is carried out in a folder that stands for the image's root; absolute paths in it are that folder's.
The base image is the Python that runs this. Then the image's own command is run without any capability (of root's, if
this is root) in a root that cannot be written: it tells its version, checks a permissions file, refuses to start
without settings, and serves /healthz. Whatever this script does not know in a Containerfile is an error.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

REPOSITORY = Path(__file__).parents[1]
POWERLESS = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs")
"""Takes from root what lets it write where nobody may."""
OURS = ("/opt/", "/src", "/etc/quaymaster")
"""The image's paths that are the folder's; others, such as /usr/bin, stay the machine's."""
START_SECONDS = 60


@dataclass
class Stage:
    """What a FROM begins."""

    name: str
    folder: Path = Path("/")
    environment: dict[str, str] = field(default_factory=dict)
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    user: str = "0"


class Image:
    """The stages of a Containerfile, one after the other in the same folder, so that paths inside stay right."""

    def __init__(self, place: Path) -> None:
        self.root = place / "root"
        self.finished = place / "finished"
        self.stage = Stage("")

    def inside(self, path: str) -> Path:
        """Where a path of the image is on this machine."""
        absolute = path if path.startswith("/") else f"{self.stage.folder}/{path}"
        return self.root / absolute.lstrip("/")

    def translate(self, word: str) -> str:
        """A word of a command, with the image's paths made this machine's."""
        return ":".join(str(self.root) + part if part.startswith(OURS) else part for part in word.split(":"))

    def follow(self, name: str, rest: str) -> None:
        """Carry out one instruction."""
        match name:
            case "FROM":
                if self.root.exists():
                    self.finished.mkdir(exist_ok=True)
                    self.root.rename(self.finished / self.stage.name)
                self.root.mkdir(parents=True)
                self.stage = Stage(rest.partition(" AS ")[2])
            case "WORKDIR":
                self.stage.folder = Path(rest)
                self.inside(rest).mkdir(parents=True, exist_ok=True)
            case "COPY":
                self._copy(rest.split())
            case "ENV":
                self.stage.environment |= dict(pair.split("=", 1) for pair in rest.split())
            case "RUN":
                self._run(json.loads(rest))
            case "USER":
                self.stage.user = rest
            case "ENTRYPOINT":
                self.stage.entrypoint = tuple(json.loads(rest))
            case "CMD":
                self.stage.command = tuple(json.loads(rest))
            case "ARG" | "EXPOSE":
                pass
            case _:
                raise SystemExit(f"{name} is not an instruction that this script can follow")

    def _copy(self, words: list[str]) -> None:
        source = REPOSITORY
        if words[0].startswith("--from="):
            source = self.finished / words.pop(0).removeprefix("--from=")
        *names, target = words
        for name in names:
            there, here = source / name.lstrip("/"), self.inside(target)
            if there.is_dir():
                shutil.copytree(there, here, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                here.mkdir(parents=True, exist_ok=True)
                shutil.copy2(there, here)

    def _run(self, words: list[str]) -> None:
        command = [sys.executable if word == "python" else self.translate(word) for word in words]
        print("RUN", *words, flush=True)
        done = subprocess.run(  # noqa: S603
            command, cwd=self.inside(str(self.stage.folder)), check=False, capture_output=True, text=True
        )
        if done.returncode:
            raise SystemExit(done.stdout + done.stderr)

    def start(self, *words: str, **environment: str) -> "subprocess.Popen[str]":
        """Run the image's command as its user, with nothing in the environment but this."""
        entry, *fixed = self.stage.entrypoint
        path = self.translate(self.stage.environment["PATH"])
        found = shutil.which(entry, path=path)
        if found is None:
            raise SystemExit(f"{entry} is not on the PATH of the image")
        before = POWERLESS if os.geteuid() == 0 else ()
        return subprocess.Popen(  # noqa: S603
            [*before, found, *fixed, *words],
            cwd=self.inside(str(self.stage.folder)),
            env={**self.stage.environment, "PATH": path, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def say(self, *words: str, **environment: str) -> tuple[int, str]:
        """Run the image's command to its end: its exit status, and what it wrote."""
        process = self.start(*words, **environment)
        out, err = process.communicate(timeout=START_SECONDS)
        return process.returncode, out + err


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """The instructions of a Containerfile, with continued lines joined."""
    joined = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))
    for line in filter(None, map(str.strip, joined.splitlines())):
        name, _, rest = line.partition(" ")
        yield name, rest


def prove(image: Image) -> Iterator[str]:
    """Everything that the image should do; a sentence for each thing that it does. Raises AssertionError."""
    assert image.stage.user.split(":")[0] not in {"", "0", "root"}, "the image runs as root"
    left = sorted(str(path.relative_to(image.root)) for path in image.root.iterdir())
    assert left == ["etc", "opt"], f"the image holds {left}"
    yield "has an ordinary user, and holds nothing of the build"
    written = subprocess.run(  # noqa: S603
        [*(POWERLESS if os.geteuid() == 0 else ()), "touch", str(image.inside("/etc/quaymaster/written"))],
        check=False,
        stderr=subprocess.DEVNULL,
    )
    assert written.returncode != 0, "the root can be written: what follows would prove nothing"
    status, said = image.say("--version")
    assert (status, re.fullmatch(r"\d+\.\d+\.\d+\S*\n", said) is not None) == (0, True), said
    yield f"is version {said.strip()}"
    status, said = image.say("check", "permissions.yaml")
    assert status == 0, said
    yield "checks the file in its working folder"
    status, said = image.say(*image.stage.command)
    assert (status, "QUAY_URL is not set" in said) == (2, True), said
    yield "refuses to start without settings, with status 2"
    yield from prove_serving(image)


def prove_serving(image: Image) -> Iterator[str]:
    """The server lives without Redis, and ends on SIGTERM."""
    port = "38611"
    settings = {
        "SLACK_BOT_TOKEN": "xoxb-1-proof",
        "SLACK_SIGNING_SECRET": "a-signing-secret-for-the-proof",
        "QUAY_URL": "https://quay.invalid",
        "QUAY_TOKEN": "token-for-the-proof",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "PERMISSIONS_FILE": "permissions.yaml",
        "LISTEN_HOST": "127.0.0.1",
        "PORT": port,
        "SHUTDOWN_SECONDS": "1",
    }
    process = image.start(*image.stage.command, **settings)
    try:
        assert healthy(f"http://127.0.0.1:{port}/healthz"), process.stderr.read() if process.stderr else ""
        yield "serves /healthz from a root that cannot be written"
        process.terminate()
        process.communicate(timeout=START_SECONDS)
        assert process.returncode in {0, -15}, process.returncode
        yield "ends on SIGTERM"
    finally:
        process.kill()
        process.communicate()


def healthy(url: str) -> bool:
    """Whether the address answers 200 within START_SECONDS."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except OSError:
            time.sleep(0.2)
    return False


def main() -> None:
    """Follow and prove."""
    with TemporaryDirectory(prefix="quaymaster-image-") as folder:
        place = Path(folder)
        image = Image(place)
        for name, rest in instructions((REPOSITORY / "Containerfile").read_text(encoding="utf-8")):
            image.follow(name, rest)
        shutil.copy2(REPOSITORY / "permissions.yaml", image.inside("/etc/quaymaster"))
        place.chmod(0o755)
        for path in (image.root, *image.root.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & ~0o222)
        try:
            for sentence in prove(image):
                print(f"The image {sentence}.", flush=True)
        finally:
            for path in (image.root, *(each for each in image.root.rglob("*") if each.is_dir())):
                path.chmod(0o755)


if __name__ == "__main__":
    main()
