"""The page is plain files: complete, needing nothing from elsewhere, and never turning text into markup."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from sandbox.front import PAGE

SCRIPTS = sorted(PAGE.glob("*.js"))
FILES = sorted(PAGE.iterdir())
NAMESPACES = {"http://www.w3.org/2000/svg"}

READ_MODULES = """
import { readFileSync } from "node:fs";
import vm from "node:vm";
for (const file of process.argv.slice(1)) new vm.SourceTextModule(readFileSync(file, "utf8"), { identifier: file });
"""

each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
each_script = pytest.mark.parametrize("script", SCRIPTS, ids=lambda file: file.name)


@each_file
def test_no_file_names_another_host(file: Path) -> None:
    """The sandbox works without a network; an SVG namespace is a name and not an address."""
    assert set(re.findall(r"https?://[\w.-]+[^\s\"'`<>)]*", file.read_text())) <= NAMESPACES


@each_script
def test_no_script_turns_text_into_markup(script: Path) -> None:
    """What messages say reaches the page as text nodes only."""
    found = re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|srcdoc", script.read_text())
    assert found == []


@each_script
def test_every_import_is_a_file_of_the_page(script: Path) -> None:
    """There is no build step: a module imports its neighbours by their file names."""
    imported = re.findall(r"from \"(.+?)\"", script.read_text())
    assert [name for name in imported if not (PAGE / name).is_file()] == []


def test_everything_that_the_page_asks_for_is_there() -> None:
    """The icon is inside the page, so that a browser asks for nothing that is missing."""
    page = (PAGE / "index.html").read_text()
    asked = [name for name in re.findall(r"(?:src|href)=\"(.+?)\"", page) if not name.startswith("data:")]
    assert [name for name in asked if not (PAGE.parent / name.lstrip("/")).is_file()] == []
    assert 'rel="icon" href="data:' in page


def test_every_element_that_the_scripts_look_up_is_in_the_page() -> None:
    """Ids are the seam between the page and its scripts."""
    wanted = {name for script in SCRIPTS for name in re.findall(r"byId\(\"(.+?)\"\)", script.read_text())}
    given = set(re.findall(r"\bid=\"(.+?)\"", (PAGE / "index.html").read_text()))
    assert wanted <= given


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_every_script_parses() -> None:
    """Node reads the modules as a browser would, without running them."""
    command = ["node", "--experimental-vm-modules", "--input-type=module", "-e", READ_MODULES, *map(str, SCRIPTS)]
    read = subprocess.run(command, check=False, capture_output=True, text=True)
    assert read.returncode == 0, read.stderr
