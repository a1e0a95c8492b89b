"""Compare the compiled requirements (*.txt) with their sources (*.in).

No package index is needed: a compiled file names the origin of each pin after "via".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from towpath.core.findings import Finding, unread
from towpath.source import requirements_reader as requirements
from towpath.source.requirements_reader import Line

CODE = "PINS"
# What the product runs on, as markers name it.
_LINUX = {"os_name": "posix", "sys_platform": "linux", "platform_system": "Linux", "extra": ""}


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
class InputFile:
    """What a file written by hand asks for: requirements, and the files it takes in or obeys."""

    requirements: dict[str, list[Requirement]] = field(default_factory=dict)
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
        raise unread("requirements-drift", "There is no requirements/*.in.")
    return [row for path in sorted(files) for row in _of_file(path, wanted, pinned)]


def _of_file(
    path: str, wanted: Mapping[str, InputFile], pinned: Mapping[str, list[Pin]]
) -> Iterator[Finding]:
    stem, _, ending = path.rpartition(".")
    other = f"{_name(stem)}.{'in' if ending == 'txt' else 'txt'}"
    if other not in wanted and other not in pinned:
        yield Finding(path, 0, CODE, f"{other} is missing")
    elif ending == "in":
        yield from _compared(f"{stem}.txt", _name(path), wanted, pinned)


def _compared(
    path: str, source: str, wanted: Mapping[str, InputFile], pinned: Mapping[str, list[Pin]]
) -> Iterator[Finding]:
    pins = pinned[_name(path)]
    sources = _taken_in(source, wanted)
    for file in sources:
        yield from _missed(path, file, wanted[file], pins)
    annotated = any(pin.files | pin.packages for pin in pins)
    for pin in pins:
        for why in (
            *(_unasked(pin, pins, sources, wanted) if annotated else ()),
            *(() if pin.hashes else (f"{pin.name} has no hash",)),
            *_disobeyed(pin, sources, wanted, pinned),
        ):
            yield Finding(path, pin.line, CODE, why)


def _missed(path: str, file: str, wanted: InputFile, pins: list[Pin]) -> Iterator[Finding]:
    """Yield what a file asks for and is not pinned, or not as it asks for it."""
    for name, asked in wanted.requirements.items():
        mine = [pin for pin in pins if pin.name == name]
        if not mine and any(map(_is_for_linux, asked)):
            yield Finding(path, 0, CODE, f"{file} requires {name}, which is not pinned")
        yield from _refused(path, file, asked, mine)


def _refused(path: str, file: str, asked: list[Requirement], pins: list[Pin]) -> Iterator[Finding]:
    """Yield the pins that are not what one requirement asks for.

    Where a requirement holds for some machines only, it is enough that one of the pins fits: the
    others are for the rest.
    """
    for requirement in asked:
        bad = [pin for pin in pins if not _fits(requirement, pin)]
        if requirement.marker and len(bad) < len(pins):
            continue
        for pin in bad:
            words = f"{file} requires {canonicalize_name(requirement.name)}{requirement.specifier}"
            yield Finding(path, pin.line, CODE, f"{words}, but {pin.version} is pinned")


def _fits(requirement: Requirement, pin: Pin) -> bool:
    return requirement.specifier.contains(pin.version, prereleases=True)


def _is_for_linux(requirement: Requirement) -> bool:
    """Tell whether the product, which runs on Linux, may need it."""
    return requirement.marker is None or requirement.marker.evaluate(_LINUX)


def _unasked(
    pin: Pin, pins: list[Pin], sources: list[str], wanted: Mapping[str, InputFile]
) -> Iterator[str]:
    """Yield why a pin is not what was asked for."""
    asking = set(filter(lambda file: pin.name in wanted[file].requirements, sources))
    for file in sorted(pin.files - asking):
        yield f"{file} no longer requires {pin.name}"
    for file in sorted(asking - pin.files):
        yield f"{file} requires {pin.name}, but its pin does not name that file"
    if gone := pin.packages.difference(other.name for other in pins):
        yield f"{pin.name} was required by {', '.join(sorted(gone))}, which is not pinned"
    if not pin.files | pin.packages:
        yield f"{pin.name} is not required by anything"


def _disobeyed(
    pin: Pin, sources: list[str], wanted: Mapping[str, InputFile], pinned: Mapping[str, list[Pin]]
) -> Iterator[str]:
    """Yield which file's pin of the same name is another, where that file has to be obeyed."""
    for file in dict.fromkeys(name for source in sources for name in wanted[source].obeyed):
        there = {other.version for other in pinned.get(file, ()) if other.name == pin.name}
        if there and pin.version not in there:
            yield f"{pin.name} is {pin.version} here and {', '.join(sorted(there))} in {file}"


def _taken_in(source: str, wanted: Mapping[str, InputFile]) -> list[str]:
    """Return a file written by hand and all that it takes in, directly or not."""
    found, waiting = [], [source]
    while waiting:
        file = waiting.pop(0)
        if file not in wanted:
            raise unread("requirements-drift", f"{source} includes {file}, which does not exist.")
        if file not in found:
            found.append(file)
            waiting += wanted[file].included
    return found


def _wanted(path: str, text: str) -> InputFile:
    found = InputFile()
    for line in requirements.lines(text):
        if included := line.file("-r", "--requirement"):
            found.included.append(_name(included))
        elif obeyed := line.file("-c", "--constraint"):
            found.obeyed.append(_name(obeyed))
        elif not line.words.startswith(("-", ".", "/")):
            _add_requirement(found, path, line)
    return found


def _add_requirement(found: InputFile, path: str, line: Line) -> None:
    try:
        requirement = Requirement(line.requirement)
    except InvalidRequirement as error:
        raise unread("requirements-drift", f"{path}:{line.number}: {error}") from error
    found.requirements.setdefault(canonicalize_name(requirement.name), []).append(requirement)


def _pins(path: str, text: str) -> list[Pin]:
    found = [_pin(path, line) for line in requirements.lines(text) if not line.is_option]
    if not found:
        raise unread("requirements-drift", f"{path} has no pins.")
    return found


def _pin(path: str, line: Line) -> Pin:
    try:
        requirement = requirements.pinned(line)
    except ValueError as error:
        why = f"{path}:{line.number} is not a pin: {line.requirement!r}: {error}."
        raise unread("requirements-drift", why) from error
    name, version = canonicalize_name(requirement.name), str(requirements.version(requirement))
    pin = Pin(line.number, name, version, hashes=line.hashes)
    for flag, asking in _via(line):
        if flag == "-r":
            pin.files.add(_name(asking))
        elif not flag:
            pin.packages.add(canonicalize_name(asking))
    return pin


def _via(line: Line) -> Iterator[tuple[str, str]]:
    """Yield who asked for a pin, from the comments after "via": the flag -r or -c, and the name."""
    named = False
    for note in line.notes:
        word, _, rest = note.partition(" ")
        if word == "via":
            named, note = True, rest
        elif word == "from":
            named = False
        for asking in note.split(", ") if named else ():
            words = asking.split()
            flag = words.pop(0) if words and words[0] in ("-r", "-c") else ""
            if words:
                yield flag, words[0]


def _name(path: str) -> str:
    return path.rpartition("/")[2]
