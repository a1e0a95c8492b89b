"""The baseline: what it lets pass, what it never hides, and how it gets lower."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from towpath import gates
from towpath.config import load
from towpath.config.baseline import (
    Baseline,
    Section,
    counted,
    lowered,
    of_size,
    read_baseline,
    with_new_tools,
)
from towpath.core.errors import ConfigurationError
from towpath.core.findings import Finding


def rows(*places: str) -> list[Finding]:
    """Return findings, each written as `file:line code`."""
    found = []
    for place in places:
        path, _, rest = place.partition(":")
        line, _, code = rest.partition(" ")
        found.append(Finding(path, int(line), code, ""))
    return found


OLD = rows("a.py:1 E1", "a.py:2 E1", "b.py:1 E1", "b.py:5 W2")
SECTION = Section(findings=counted({"flake8": OLD}))


@pytest.mark.parametrize(
    ("now", "beyond"),
    [
        (OLD, []),
        (OLD[1:], []),
        (rows("a.py:7 E1", "a.py:9 E1", "b.py:1 E1", "b.py:5 W2"), []),
        # One moved from a.py to b.py: the rule has no more than before.
        (rows("a.py:1 E1", "b.py:1 E1", "b.py:2 E1"), []),
        ([*OLD, *rows("b.py:9 E1")], ["b.py:9"]),
        # Another rule instead of one that is gone.
        (rows("a.py:1 E1", "a.py:2 W2", "b.py:5 W2"), ["a.py:2"]),
        # A new file meets the standard, whatever was fixed elsewhere.
        (rows("new.py:1 E1"), ["new.py:1"]),
        (rows("a.py:1 F8"), ["a.py:1"]),
    ],
)
def test_only_what_is_more_than_before_counts(now: list[Finding], beyond: list[str]) -> None:
    """By tool and rule, in the files that had findings."""
    found = SECTION.beyond("flake8", now)

    assert [f"{row.path}:{row.line}" for row in found] == beyond
    assert len(SECTION.beyond("mypy", now)) == len(now)


def test_a_better_value_replaces_an_old_one_and_a_worse_one_does_not() -> None:
    """Rule by rule; what is gone is gone."""
    before = Section(
        SECTION.findings, {"a.py f": 31, "a.py g": 12}, {"a.py": 9.5}, ("one", "two"), 60.5
    )
    now = Section(
        counted({"flake8": rows("a.py:1 E1", "b.py:1 W2", "b.py:2 W2")}),
        {"a.py f": 20, "a.py new": 50},
        {"a.py": 8.0},
        ("two", "three"),
        61.25,
    )

    found = lowered(before, now, {"flake8": {"W2"}})

    assert found.findings == {"flake8": {"E1": {"a.py": 1}, "W2": {"b.py": 1}}}
    assert (found.functions, found.modules) == ({"a.py f": 20}, {"a.py": 9.5})
    assert (found.secrets, found.coverage) == (("two",), 61.25)


def test_a_linter_that_comes_later_is_added_and_the_others_stay() -> None:
    """Its findings are those of the day on which it came."""
    now = Section(findings=counted({"flake8": [], "mypy": rows("a.py:1 arg")}))

    found = with_new_tools(SECTION, now)

    assert found.findings["flake8"] == SECTION.findings["flake8"]
    assert found.count("mypy") == 1


def test_the_file_is_sorted_and_reads_back() -> None:
    """Its hash changes with its content."""
    whole = Baseline(
        {
            "lint": Section(SECTION.findings, {"a.py f": 31}, {"a.py": 9.5}),
            "tests": Section(coverage=60.5, files=("b.py", "a.py")),
            "security": Section(secrets=("b", "a")),
        }
    )

    again = read_baseline(whole.text())

    assert again.text() == whole.text()
    assert again.sha256 == whole.sha256 != Baseline(dict(list(whole.sections.items())[1:])).sha256
    assert json.loads(whole.text())["security"]["secrets"] == ["a", "b"]
    assert Baseline().sha256 == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"towpath-baseline": 2}',
        '{"towpath-baseline": 1, "integration": {}}',
        '{"towpath-baseline": 1, "lint": {"advisories": []}}',
        '{"towpath-baseline": 1, "lint": {"findings": {"x": {"E1": {"a.py": -1}}}}}',
        '{"towpath-baseline": 1, "lint": {"findings": {"x": {"E1": {"a.py": true}}}}}',
        '{"towpath-baseline": 1, "lint": {"findings": {"x": {"E1": 3}}}}',
        '{"towpath-baseline": 1, "lint": {"findings": []}}',
        '{"towpath-baseline": 1, "lint": {"complexity": {"f": NaN}}}',
        '{"towpath-baseline": 1, "tests": {"coverage": -1}}',
        '{"towpath-baseline": 1, "tests": {"coverage": 101}}',
        '{"towpath-baseline": 1, "tests": {"tests": 1}}',
        '{"towpath-baseline": 1, "tests": {"coverage": "60"}}',
        '{"towpath-baseline": 1, "tests": {"coverage": 60, "files": "a.py"}}',
        '{"towpath-baseline": 1, "security": {"secrets": [3]}}',
    ],
)
def test_a_file_that_says_something_else_is_refused(text: str) -> None:
    """A stranger's baseline could let everything pass."""
    with pytest.raises(ConfigurationError, match="not a valid baseline"):
        read_baseline(text)


def test_a_project_without_tests_may_stay_so_until_it_has_one() -> None:
    """The gate of tests that ran is laxer by the baseline only, and the first test ends that."""
    without = Baseline({"tests": Section(tests=0)})

    assert without.limits({})["TESTS_RUN"] == -1
    assert "TESTS_RUN" not in Baseline({"tests": Section()}).limits({})
    assert read_baseline(without.text()) == without
    assert lowered(Section(tests=0), Section(tests=0), {}).tests == 0
    assert lowered(Section(tests=0), Section(), {}).tests is None


def test_the_limit_of_coverage_is_that_of_the_baseline_and_new_files_meet_the_standard() -> None:
    """One above the standard changes nothing; without a baseline there is no such gate."""
    limits = Baseline({"tests": Section(coverage=60.5)}).limits({})

    assert {row.code: row.limit for row in gates.of_stage("tests", limits)} == {
        **{"TESTS_RUN": 0, "TESTS_FAILED": 0, "COVERAGE": 60.5, "COVERAGE_NEW": 80},
    }
    assert Baseline({"tests": Section(coverage=95)}).limits({})["COVERAGE"] == 80
    assert Baseline({"tests": Section(coverage=60)}).limits({"COVERAGE": 90})["COVERAGE_NEW"] == 90
    assert Baseline().limits({"COVERAGE_NEW": 90}) == {}
    assert "COVERAGE_NEW" not in {row.code for row in gates.of_stage("tests")}


def test_the_settings_name_the_file(tmp_path: Path) -> None:
    """Below the project only; one that is not there yet is empty."""
    (tmp_path / "towpath.toml").write_text('[gates]\nbaseline = "base.json"\nCOVERAGE = 85\n')

    assert load(tmp_path, {}).baseline == Baseline()
    (tmp_path / "base.json").write_text(Baseline({"tests": Section(coverage=60)}).text())
    found = load(tmp_path, {})
    assert (found.limits["COVERAGE"], found.gates) == (60, {"COVERAGE": 85})
    (tmp_path / "towpath.toml").write_text('[gates]\nbaseline = "../base.json"\n')
    with pytest.raises(ConfigurationError, match="gates.baseline"):
        load(tmp_path, {})


def test_the_size_of_an_image_is_rounded_up_and_only_gets_lower() -> None:
    """A line of code does not make an image worse; one that meets the limit has no value."""
    assert of_size(66.7, {}) == Section(size=70)
    assert of_size(60, {}) == Section()
    assert of_size(45, {"IMAGE_SIZE": 40}) == Section(size=45)
    assert lowered(Section(size=70), Section(size=65), {}).size == 65
    assert lowered(Section(size=70), Section(size=75), {}).size == 70
    assert lowered(Section(size=70), Section(), {}).size is None
    both = Baseline({"scan": Section(size=70)})
    assert read_baseline(both.text()) == both
    assert both.limits({}) == {"IMAGE_SIZE": 70}
    with pytest.raises(ConfigurationError, match="not a valid baseline"):
        read_baseline('{"towpath-baseline": 1, "scan": {"size": "70"}}')
