"""Whether the compiled requirements still say what the ones written by hand ask for.

What can be known without asking a package index: a compiled file names with each pin, after "via",
who asked for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from towpath.readers.findings import Finding, unread

_PIN = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)")
_VIA = re.compile(r" +#(?: +via)? +(?P<flag>-[rc] )?(?P<name>[^\s]+)(?: \(.*\))?")
CODE = "PINS"


@dataclass
class Pin:
    """A pin of a compiled file, who asked for it by name or by file, and how many hashes it has."""

    line: int
    name: str
    version: str
    packages: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    hashes: int = 0


@dataclass
class Wanted:
    """What a file written by hand asks for: requirements, and the files it takes in or obeys."""

    requirements: dict[str, SpecifierSet] = field(default_factory=dict)
    included: list[str] = field(default_factory=list)
    obeyed: list[str] = field(default_factory=list)


def drift(files: Mapping[str, str]) -> list[Finding]:
    """Return what the compiled files (*.txt) and those written by hand (*.in) do not agree on.

    `files` are texts by path, all of one directory. Raises NothingToJudgeError if there is none to
    judge, or one cannot be read.
    """
    wanted = {_name(path): _wanted(path, files[path]) for path in files if path.endswith(".in")}
    pinned = {_name(path): _pins(path, files[path]) for path in files if path.endswith(".txt")}
    if not wanted:
        raise unread("pins", "There is no requirements/*.in.")
    return [row for path in sorted(files) for row in _of_file(path, wanted, pinned)]


def _of_file(
    path: str, wanted: Mapping[str, Wanted], pinned: Mapping[str, list[Pin]]
) -> Iterator[Finding]:
    stem, _, ending = path.rpartition(".")
    other = f"{_name(stem)}.{'in' if ending == 'txt' else 'txt'}"
    if other not in wanted and other not in pinned:
        yield Finding(path, 0, CODE, f"there is no {other} beside it")
    elif ending == "in":
        yield from _compared(f"{stem}.txt", _name(path), wanted, pinned)


def _compared(
    path: str, source: str, wanted: Mapping[str, Wanted], pinned: Mapping[str, list[Pin]]
) -> Iterator[Finding]:
    pins = pinned[_name(path)]
    sources = _taken_in(source, wanted)
    for file in sources:
        for name, versions in wanted[file].requirements.items():
            mine = [pin for pin in pins if pin.name == name]
            if not mine:
                yield Finding(path, 0, CODE, f"{file} asks for {name}, and it is not pinned")
            yield from _refused(path, f"{file} asks for {name}{versions}", versions, mine)
    for pin in pins:
        for why in (
            *_unasked(pin, pins, sources, wanted),
            *_disobeyed(pin, sources, wanted, pinned),
        ):
            yield Finding(path, pin.line, CODE, why)


def _refused(path: str, asked: str, versions: SpecifierSet, pins: list[Pin]) -> Iterator[Finding]:
    for pin in pins:
        if not versions.contains(pin.version, prereleases=True):
            yield Finding(path, pin.line, CODE, f"{asked}, pinned is {pin.version}")


def _unasked(
    pin: Pin, pins: list[Pin], sources: list[str], wanted: Mapping[str, Wanted]
) -> Iterator[str]:
    """Yield why a pin is not what was asked for."""
    asking = set(filter(lambda file: pin.name in wanted[file].requirements, sources))
    for file in sorted(pin.files - asking):
        yield f"{file} does not ask for {pin.name} any more"
    for file in sorted(asking - pin.files):
        yield f"{file} asks for {pin.name}, and its pin does not name that file"
    if gone := pin.packages.difference(other.name for other in pins):
        yield f"{', '.join(sorted(gone))} asked for {pin.name} and is not pinned"
    if not pin.files | pin.packages:
        yield f"nobody asks for {pin.name}"
    if not pin.hashes:
        yield f"{pin.name} has no hash"


def _disobeyed(
    pin: Pin, sources: list[str], wanted: Mapping[str, Wanted], pinned: Mapping[str, list[Pin]]
) -> Iterator[str]:
    """Yield which file's pin of the same name is another, where that file has to be obeyed."""
    for file in dict.fromkeys(name for source in sources for name in wanted[source].obeyed):
        there = {other.version for other in pinned.get(file, ()) if other.name == pin.name}
        if there and pin.version not in there:
            yield f"{pin.name} is {pin.version} here and {', '.join(sorted(there))} in {file}"


def _taken_in(source: str, wanted: Mapping[str, Wanted]) -> list[str]:
    """Return a file written by hand and all that it takes in, directly or not."""
    found, waiting = [], [source]
    while waiting:
        file = waiting.pop(0)
        if file not in wanted:
            raise unread("pins", f"{source} takes in {file}, which is not there.")
        if file not in found:
            found.append(file)
            waiting += wanted[file].included
    return found


def _wanted(path: str, text: str) -> Wanted:
    found = Wanted()
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition(" #")[0].strip()
        if words.startswith("-r "):
            found.included.append(words[3:].strip())
        elif words.startswith("-c "):
            found.obeyed.append(words[3:].strip())
        elif words and not words.startswith("#"):
            try:
                requirement = Requirement(words)
            except InvalidRequirement as error:
                raise unread("pins", f"{path}:{number}: {error}") from error
            found.requirements[canonicalize_name(requirement.name)] = requirement.specifier
    return found


def _pins(path: str, text: str) -> list[Pin]:
    found: list[Pin] = []
    for number, line in enumerate(text.splitlines(), 1):
        if match := _PIN.match(line):
            found.append(Pin(number, canonicalize_name(match[1]), match[2]))
        elif line.startswith("    ") and found:
            _add(found[-1], line)
        elif line.strip() and not line.startswith("#"):
            raise unread("pins", f"{path}:{number} is no pin: {line!r}")
    if not found:
        raise unread("pins", f"{path} has no pin.")
    return found


def _add(pin: Pin, line: str) -> None:
    """Keep who asked for a pin, and its hashes; a file that is obeyed asked for nothing."""
    if line.startswith("    --hash="):
        pin.hashes += 1
    match = _VIA.fullmatch(line)
    if not match or line.strip() == "# via":
        return
    if match["flag"] == "-r ":
        pin.files.add(match["name"])
    elif not match["flag"]:
        pin.packages.add(canonicalize_name(match["name"]))


def _name(path: str) -> str:
    return path.rpartition("/")[2]
