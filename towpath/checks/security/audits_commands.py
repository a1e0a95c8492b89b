"""The command lines of the sources of advisories, each in an environment of its own. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from packaging.utils import canonicalize_name

Argv = list[str]


def safety(place: str, pins: str, directory: str = "") -> Argv:
    """Look up advisories with safety 2.x, in a directory, or without one on its server."""
    return [f"{place}/bin/python", "-m", "safety", "check", "--json", "--file", pins] + (
        ["--db", directory] if directory else []
    )


def pip_audit(place: str, pins: str, seconds: int) -> Argv:
    """Look up advisories with pip-audit for exactly these pins, without resolving any.

    `seconds` is the timeout of a request.
    """
    return [f"{place}/bin/python", "-m", "pip_audit", "--format=json", "--progress-spinner=off"] + [
        *("--no-deps", "--disable-pip", f"--timeout={seconds}"),
        *("--requirement", pins),
    ]


def rounds(pins: Sequence[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """Return pins in groups with each package once: no tool accepts two versions of a package.

    Pins for different machines, or Pythons, may be of different versions.
    """
    found: list[list[tuple[str, str]]] = []
    seen: Counter[str] = Counter()
    for name, version in dict.fromkeys(pins):
        number = seen[canonicalize_name(name)]
        seen[canonicalize_name(name)] += 1
        found += [[]] if number == len(found) else []
        found[number].append((name, version))
    return found


def pins_text(pins: Sequence[tuple[str, str]]) -> str:
    """Return pins as the text of a requirements file."""
    return "".join(f"{name}=={version}\n" for name, version in pins)
