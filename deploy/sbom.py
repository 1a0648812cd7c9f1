"""The image's software bill of materials, CycloneDX 1.6 as JSON: `python deploy/sbom.py > sbom.json`.

Names, versions and hashes are those of constraints-hashes.txt; licences are what the installed packages say of
themselves. With `--licences` it prints those instead, and ends with status 1 if one is not among ALLOWED.
"""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

REPOSITORY = Path(__file__).parents[1]
ALLOWED = frozenset(
    {"Apache-2.0", "MIT", "MIT-0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MPL-2.0", "PSF-2.0", "CNRI-Python"}
)
"""SPDX ids, and BSD where a package doesn't say which. All of them can be used together with Apache-2.0."""
_CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "MIT License": "MIT",
    "BSD License": "BSD",
    "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
_FREE_TEXT = {
    "apache 2": "Apache-2.0",
    "apache-2": "Apache-2.0",
    "mit": "MIT",
    "bsd": "BSD",
    "isc": "ISC",
    "mpl": "MPL-2.0",
}


@dataclass(frozen=True)
class Pin:
    """One line of constraints-hashes.txt."""

    name: str
    version: str
    hashes: tuple[str, ...]


def pins(text: str) -> Iterator[Pin]:
    """The pinned packages of a file that `make hashes` has made."""
    for entry in re.split(r"\n(?=\S)", text):
        if found := re.match(r"([\w.-]+)==([\w.!+]+)", entry):
            yield Pin(found[1], found[2], tuple(re.findall(r"--hash=sha256:([0-9a-f]{64})", entry)))


def licence_of(package: PackageMetadata) -> str:
    """An SPDX expression, as well as the package lets one know; empty if it says nothing."""
    if "License-Expression" in package:
        return package["License-Expression"]
    classifiers = (each.rpartition(" :: ")[2] for each in package.get_all("Classifier") or () if "License" in each)
    known = sorted({_CLASSIFIERS[each] for each in classifiers if each in _CLASSIFIERS})
    if known:
        return " AND ".join(known)
    said = package["License"].casefold() if "License" in package else ""
    return next((licence for word, licence in _FREE_TEXT.items() if word in said[:100]), "")


def installed_licence(name: str) -> str:
    """The licence of a package of the image; empty if it is not installed here."""
    try:
        return licence_of(metadata(name))
    except PackageNotFoundError:
        return ""


def refused(licence: str) -> list[str]:
    """What of a licence expression is not allowed; of alternatives one is enough."""
    if not licence:
        return ["(none)"]
    parts = [part for part in re.split(r"\s+AND\s+|[()]", licence) if part.strip()]
    return [part for part in parts if not any(one.strip() in ALLOWED for one in re.split(r"\s+OR\s+", part))]


def bill(found: list[Pin], version: str) -> dict[str, Any]:
    """The bill: https://cyclonedx.org/docs/1.6/json/"""
    components = [
        {
            "type": "library",
            "bom-ref": f"pkg:pypi/{pin.name}@{pin.version}",
            "name": pin.name,
            "version": pin.version,
            "purl": f"pkg:pypi/{pin.name}@{pin.version}",
            "hashes": [{"alg": "SHA-256", "content": each} for each in pin.hashes],
            **({"licenses": [{"expression": licence}]} if (licence := installed_licence(pin.name)) else {}),
        }
        for pin in found
    ]
    own = f"pkg:pypi/quaymaster@{version}"
    identity = json.dumps([own, *(component["purl"] for component in components)])
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, identity)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": own,
                "name": "quaymaster",
                "version": version,
                "purl": own,
                "licenses": [{"expression": "Apache-2.0"}],
            }
        },
        "components": components,
        "dependencies": [{"ref": own, "dependsOn": [component["bom-ref"] for component in components]}],
    }


def main() -> None:
    """Print the bill, or the licences."""
    found = list(pins((REPOSITORY / "constraints-hashes.txt").read_text(encoding="utf-8")))
    if "--licences" not in sys.argv:
        print(json.dumps(bill(found, metadata("quaymaster")["Version"]), indent=2))
        return
    licences = {pin.name: installed_licence(pin.name) for pin in found}
    for name, licence in licences.items():
        print(f"{name:24} {licence or '(none)'}")
    if wrong := [name for name, licence in licences.items() if refused(licence)]:
        print(f"Not among the licences that are allowed: {', '.join(wrong)}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
