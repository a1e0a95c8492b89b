"""The command lines of the sources of advisories, each in an environment of its own. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from packaging.utils import canonicalize_name

Argv = list[str]


def safety(place: str, pins: str, directory: str = "") -> Argv:
    """Ask safety 2.x for advisories: its directory of advisories, or its server without one."""
    return [f"{place}/bin/python", "-m", "safety", "check", "--json", "--file", pins] + (
        ["--db", directory] if directory else []
    )


def pip_audit(place: str, pins: str, seconds: int) -> Argv:
    """Ask pip-audit for advisories on exactly these pins, nothing resolved or installed."""
    return [f"{place}/bin/python", "-m", "pip_audit", "--format=json", "--progress-spinner=off"] + [
        *("--no-deps", "--disable-pip", f"--timeout={seconds}"),
        *("--requirement", pins),
    ]


def rounds(pins: Sequence[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """Return pins in groups that name each package once: no source takes two versions of one.

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
