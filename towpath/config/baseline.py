"""The baseline: the values that a project had when it came in, which may not get worse. Pure.

It is a file of the project, sorted and without dates, so that a review sees what changes. A value
in it never hides a critical advisory, a failed test, or a secret that is not in it.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from towpath import gates
from towpath.core import documents
from towpath.core.errors import ConfigurationError
from towpath.core.findings import Finding

FILE = "towpath-baseline.json"
VERSION = 1
LARGEST = 32 << 20
# What is recorded of each check.
SECTIONS = ("lint", "tests", "security", "scan")
# What has no value in a baseline: an advisory counts whenever it is found.
NEVER_RECORDED = frozenset({"advisories"})
# Findings of a tool: how many of each rule in each file.
Findings = Mapping[str, Mapping[str, Mapping[str, int]]]


@dataclass(frozen=True)
class Section:
    """The values of one check. Every field that a check does not measure is empty.

    `findings` are counts by tool, rule and file; `functions` and `modules` have the complexity and
    the index of those beyond the limit; `secrets` are identities of secrets; `coverage` is in per
    cent, and `files` are those that it was measured of. `tests` is 0 for a project without tests.
    `size` is what an image may have above its base image, in MB.
    """

    findings: Findings = field(default_factory=dict)
    functions: Mapping[str, float] = field(default_factory=dict)
    modules: Mapping[str, float] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    coverage: float | None = None
    files: tuple[str, ...] = ()
    tests: int | None = None
    size: float | None = None

    def beyond(self, tool: str, findings: Iterable[Finding]) -> list[Finding]:
        """Return the findings of a tool that are more than the baseline has.

        A file without any finding in the baseline is a new one: all of its findings count. In the
        others each rule may have as many as it had there.
        """
        in_file, in_all = self._counters(tool)
        files_of_tool = {file for _, file in in_file}
        more: list[Finding] = []
        for row in sorted(findings, key=lambda row: (row.path, row.line)):
            # Within the counts of its own file first, so that the one shown is the new one.
            if in_file[row.code, row.path] > 0:
                in_file[row.code, row.path] -= 1
                in_all[row.code] -= 1
            else:
                more.append(row)
        return [row for row in more if row.path not in files_of_tool or not _take(in_all, row.code)]

    def _counters(self, tool: str) -> tuple[Counter[tuple[str, str]], Counter[str]]:
        """Return how many findings each rule has in each file, and in all."""
        rules = self.findings.get(tool, {})
        in_file = {(rule, file): n for rule, rows in rules.items() for file, n in rows.items()}
        return Counter(in_file), Counter({rule: sum(rows.values()) for rule, rows in rules.items()})

    def count(self, tool: str) -> int:
        """Return how many findings of a tool the baseline has."""
        return sum(sum(files.values()) for files in self.findings.get(tool, {}).values())


@dataclass(frozen=True)
class Baseline:
    """The recorded sections by the name of their check; a check without one meets the standard."""

    sections: Mapping[str, Section] = field(default_factory=dict)

    def of(self, check: str) -> Section:
        """Return the section of a check, an empty one if there is none."""
        return self.sections.get(check, Section())

    def limits(self, own: gates.Limits) -> dict[str, float | None]:
        """Return the limits in force: the project's own, where the baseline has none."""
        found = dict(own)
        new = found.pop("COVERAGE_NEW", None)
        coverage = self.of("tests").coverage
        if coverage is not None:
            standard = gates.gate("COVERAGE", own).limit
            found["COVERAGE"] = min(coverage, standard)
            found["COVERAGE_NEW"] = new or standard
        if (tests := self.of("tests").tests) is not None:
            # More than one less: as many as on that day.
            found["TESTS_RUN"] = tests - 1
        if (size := self.of("scan").size) is not None:
            found["IMAGE_SIZE"] = max(size, gates.gate("IMAGE_SIZE", own).limit)
        return found

    def text(self) -> str:
        """Return the file: sorted, so that each change is a line."""
        rows = {name: _plain(row) for name, row in self.sections.items()}
        document = {"towpath-baseline": VERSION, **rows}
        return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"

    @property
    def sha256(self) -> str:
        """The hash of its content, which is a part of the policy."""
        return hashlib.sha256(self.text().encode()).hexdigest() if self.sections else ""


def _take(counts: Counter[str], rule: str) -> bool:
    """Tell whether the rule has fewer findings elsewhere, so that one may be here, and count it."""
    if counts[rule] < 1:
        return False
    counts[rule] -= 1
    return True


def of_size(above: float, own: gates.Limits) -> Section:
    """Return the section of an image with so many MB above its base image.

    It is rounded up; empty for an image that meets the project's own limit.
    """
    if above <= gates.gate("IMAGE_SIZE", own).limit:
        return Section()
    return Section(size=math.ceil(above / gates.SIZE_STEP) * gates.SIZE_STEP)


def counted(findings: Mapping[str, Iterable[Finding]]) -> Findings:
    """Return findings by tool as counts by rule and file."""
    result: dict[str, dict[str, dict[str, int]]] = {}
    for tool, rows in findings.items():
        result[tool] = {}
        for (code, path), count in sorted(Counter((row.code, row.path) for row in rows).items()):
            result[tool].setdefault(code, {})[path] = count
    return result


def lowered(before: Section, now: Section, worse: Mapping[str, Collection[str]]) -> Section:
    """Return a section with every value of today that is better; the others stay.

    `worse` are the rules, by tool, that have more findings than before.
    """
    return replace(
        before,
        findings={
            tool: _lowered_rules(rules, now.findings.get(tool, {}), worse.get(tool, ()))
            for tool, rules in before.findings.items()
        },
        functions=_better(before.functions, now.functions, min),
        modules=_better(before.modules, now.modules, max),
        secrets=tuple(row for row in before.secrets if row in now.secrets),
        coverage=_higher(before.coverage, now.coverage),
        tests=None if now.tests is None else before.tests,
        size=None if now.size is None or before.size is None else min(before.size, now.size),
    )


def _lowered_rules(
    before: Mapping[str, Mapping[str, int]],
    now: Mapping[str, Mapping[str, int]],
    worse: Collection[str],
) -> dict[str, Mapping[str, int]]:
    """Return the findings of a tool by rule: today's, but of a rule that has more those before."""
    found = {rule: files if rule in worse else now.get(rule, {}) for rule, files in before.items()}
    return {rule: files for rule, files in found.items() if files}


def with_new_tools(before: Section, now: Section) -> Section:
    """Return a section with the tools that it does not know yet."""
    return replace(before, findings={**now.findings, **before.findings})


def _better(before: Mapping[str, float], now: Mapping[str, float], pick: Any) -> dict[str, float]:
    return {name: pick(value, now[name]) for name, value in before.items() if name in now}


def _higher(before: float | None, now: float | None) -> float | None:
    return before if before is None or now is None else max(before, now)


def _plain(row: Section) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if row.findings:
        found["findings"] = row.findings
    if row.functions:
        found["complexity"] = dict(row.functions)
    if row.modules:
        found["maintainability"] = dict(row.modules)
    if row.secrets:
        found["secrets"] = sorted(row.secrets)
    if row.coverage is not None:
        found |= {"coverage": row.coverage, "files": sorted(row.files)}
    if row.tests is not None:
        found["tests"] = row.tests
    if row.size is not None:
        found["size"] = row.size
    return found


def read_baseline(text: str, name: str = FILE) -> Baseline:
    """Read the file; raises ConfigurationError for anything that no baseline of ours has."""
    try:
        document = documents.loads(text, LARGEST)
        if not isinstance(document, dict) or document.pop("towpath-baseline", None) != VERSION:
            raise ValueError(f"it is not a baseline of version {VERSION}")
        if odd := sorted(document.keys() - set(SECTIONS)):
            raise ValueError(f"it has {odd[0][:80]!r}, which is not a check")
        return Baseline({key: _section(row) for key, row in document.items()})
    except (AttributeError, TypeError, ValueError) as error:
        raise ConfigurationError(
            f"{name} is not a valid baseline.",
            why=str(error),
            next_step="Restore it from git, or remove it and record it again: "
            "python -m towpath baseline",
        ) from error


_KEYS = {
    "findings",
    "complexity",
    "maintainability",
    "secrets",
    "coverage",
    "files",
    "tests",
    "size",
}


def _section(row: Any) -> Section:
    if not isinstance(row, dict) or row.keys() - _KEYS:
        raise ValueError("a check has something else than " + ", ".join(sorted(_KEYS)))
    return Section(
        {_text(tool): _by_rule(rules) for tool, rules in row.get("findings", {}).items()},
        _numbers(row.get("complexity", {})),
        _numbers(row.get("maintainability", {})),
        _texts(row.get("secrets", [])),
        _percentage(row.get("coverage")),
        _texts(row.get("files", [])),
        _no_tests(row.get("tests")),
        None if row.get("size") is None else _number(row["size"]),
    )


def _by_rule(rules: Any) -> dict[str, dict[str, int]]:
    return {
        _text(rule): {_text(file): _count(n) for file, n in files.items()}
        for rule, files in rules.items()
    }


def _numbers(rows: Any) -> dict[str, float]:
    return {_text(name): _number(value) for name, value in rows.items()}


def _texts(rows: Any) -> tuple[str, ...]:
    return tuple(_text(name) for name in _list(rows))


def _percentage(value: Any) -> float | None:
    if value is not None and not 0 <= _number(value) <= gates.HUNDRED:
        raise ValueError("coverage is not a percentage")
    return None if value is None else _number(value)


def _no_tests(value: Any) -> int | None:
    if value is not None and (type(value) is not int or value):
        raise ValueError("tests is not 0")
    return 0 if value == 0 else None


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("a list is missing")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a name is not a text")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("a value is not a number")
    if not math.isfinite(value) or value < 0:
        raise ValueError("a value is negative or infinite")
    return value


def _count(value: Any) -> int:
    if type(value) is not int or not 0 < value < 10**9:
        raise ValueError("a count is not a positive number")
    return value
