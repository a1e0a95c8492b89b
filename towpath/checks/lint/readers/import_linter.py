"""What import-linter said of the contracts in .importlinter, as `lint-imports` writes it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from towpath.core.findings import Finding, ToolResult, require_agreement, require_ran, unread

NAME = "imports"
CONTRACTS = ".importlinter"
CODE = "IMPORTS"
_COUNTS = re.compile(r"Contracts: (\d+) kept, (\d+) broken\.")
_RESULT = re.compile(r"(.+) (KEPT|BROKEN)(?: \([^()]*\))?")
# Line numbers come as `l.3, l.4`, as `l.3, 4` of a protected module, as `l.?` where none is known.
_LINES = r"\(l\.(\d+|\?)[^()]*\)"
# The first import of a chain begins with a dash; `&` has another one that leads to the same.
_FIRST = re.compile(rf"(?:- +|  & )([\w.]+)(?: -> ([\w.]+))? {_LINES}")
_NEXT = re.compile(rf" +[\w.]+ -> ([\w.]+) {_LINES}")
_UNLISTED = re.compile(r"- ([\w.]+)")


def read_import_linter(ran: ToolResult) -> list[Finding]:
    """Return a finding for each import that breaks a contract; its path is a module's dotted name.

    A contract that names no import, such as one about circles, has one finding in .importlinter.

    Raises NothingToJudgeError for contracts that could not be checked, and for output that does not
    add up: a result for every contract, and a section with a finding for every broken one.
    """
    require_ran(NAME, ran)
    lines = [line.rstrip() for line in ran.stdout.splitlines()]
    ends = [at for at, line in enumerate(lines) if _COUNTS.fullmatch(line)]
    if not ends:
        raise unread(NAME, _last_words([*lines, *ran.stderr.splitlines()]))
    if ends[1:]:
        raise unread(NAME, f"It counted the contracts {len(ends)} times.")
    names = _broken(lines[: ends[0]], lines[ends[0]])
    require_agreement(NAME, ran, bool(names))
    return list(_findings(lines[ends[0] + 1 :], names)) if names else []


def _last_words(lines: Sequence[str]) -> str:
    words = [line for line in lines if line.strip()]
    return " ".join(" ".join(words[-2:]).split()) or "It wrote nothing."


def _broken(lines: Sequence[str], last: str) -> list[str]:
    """Return the names of the broken contracts, if there are as many results as the last line says.

    Raises NothingToJudgeError if there are not, or none at all.
    """
    results = [found for line in lines if (found := _RESULT.fullmatch(line))]
    broken = [found[1] for found in results if found[2] == "BROKEN"]
    counts = [int(number) for number in re.findall(r"\d+", last)]
    if counts != [len(results) - len(broken), len(broken)]:
        raise unread(NAME, f"It counted {sum(counts)} contracts and named {len(results)}.")
    if not results:
        raise unread(NAME, "It named no contract.")
    return broken


def _findings(lines: Sequence[str], names: Sequence[str]) -> Iterator[Finding]:
    """Yield the findings of each broken contract, whose sections come in the order of the names.

    Raises NothingToJudgeError for a contract whose section is missing or empty.
    """
    starts = [0]
    for name in names:
        starts.append(_start(lines, name, starts[-1]))
    ends = [*(start - 2 for start in starts[2:]), len(lines)]
    for name, start, end in zip(names, starts[1:], ends, strict=True):
        section = [line for line in lines[start:end] if line]
        if not section:
            raise unread(NAME, f"It has no details of the broken contract {name!r}.")
        rows = [*_imports(name, section), *_unlisted(name, section)]
        yield from rows or [_of_contract(name, " ".join(" ".join(section).split()))]


def _start(lines: Sequence[str], name: str, after: int) -> int:
    """Return the number of the first line below a contract's heading, which is underlined."""
    heading = [name, "-" * len(name)]
    for number in range(after, len(lines)):
        if [*lines[number : number + 2]] == heading:
            return number + 2
    raise unread(NAME, f"It has no details of the broken contract {name!r}.")


def _imports(name: str, section: Sequence[str]) -> Iterator[Finding]:
    """Yield a finding for each first import of a chain, with all that it leads to."""
    firsts: list[tuple[str, int]] = []
    rest: list[str] = []
    for text in (*section, "- end (l.?)"):
        if found := _FIRST.fullmatch(text):
            if text.startswith("-"):
                for module, line in firsts:
                    yield Finding(module, line, CODE, f"{name}: {' -> '.join([module, *rest])}")
                firsts, rest = [], []
            firsts.append((found[1], 0 if found[3] == "?" else int(found[3])))
            rest += [found[2]] if found[2] else []
        elif firsts and (found := _NEXT.fullmatch(text)):
            rest.append(found[1])


def _unlisted(name: str, section: Sequence[str]) -> Iterator[Finding]:
    """Yield a finding for each module that a contract of layers had to list and does not."""
    for text in section:
        if found := _UNLISTED.fullmatch(text):
            yield _of_contract(name, f"{found[1]} is not listed as a layer")


def _of_contract(name: str, message: str) -> Finding:
    return Finding(CONTRACTS, 0, CODE, f"{name}: {message}")
