"""How a project's own code is checked: its linters, its tests, and what both need. Pure."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from towpath.config.toml_values import section, typed, wrong
from towpath.core import environment
from towpath.core.errors import ConfigurationError

T = TypeVar("T")

# The programs that run a project's tests: pytest, or `manage.py test`.
PYTEST, DJANGO = "pytest", "django"
RUNNERS = (PYTEST, DJANGO)
# The value of a variable that is made up for each run.
RANDOM = "{random}"
# Which files are tests, as `ignored` matches them.
TEST_FILES = (
    *("tests/", "*/tests/*", "test_*.py", "*/test_*.py", "*_test.py"),
    *("tests.py", "*/tests.py", "conftest.py", "*/conftest.py"),
)
# A pair of the matrix that is not tested, such as `3.10 django-5.2`.
_PAIR = re.compile(r"3\.\d+ django-\d+\.\d+")
_PYTHON = re.compile(r"3\.\d+")


# The linters of a project that names none.
STANDARD = (
    *("mypy", "flake8", "black", "bandit", "isort", "compose", "architecture"),
    *("shellcheck", "zizmor", "actionlint", "hadolint"),
)


@dataclass(frozen=True)
class LintSettings:
    """The linters of a project, and the files that pin what they have to import.

    Without `requirements` they are those of the tests.
    """

    linters: tuple[str, ...] = STANDARD
    requirements: tuple[str, ...] = ()


@dataclass(frozen=True)
class SuiteSettings:
    """How the tests run, and what is installed for them.

    `files` are patterns of test files, which some linters do not judge. `requirements` are lock
    files or requirement files, with these `groups` and `extras`; with `package` the project itself
    is installed too, editable. `settings` is the settings module of the tests, empty for the one
    that the project's runner finds. `options` are further ones of the runner, `env` its variables,
    `parts` names for paths after `--`; `exclude` are pairs of the matrix that are not tested.
    `coverage_on` are the Pythons on which coverage is measured, empty for all. With `services`
    those of the environment testing are started for each run, and the values of `env` may have
    their placeholders; without values of its own the tests get the product's variables.
    """

    runner: str = PYTEST
    files: tuple[str, ...] = TEST_FILES
    requirements: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    package: bool = False
    settings: str = ""
    parallel: bool = True
    options: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)
    exclude: tuple[str, ...] = ()
    coverage_on: tuple[str, ...] = ()
    services: bool = False

    def variables(self) -> dict[str, str]:
        """Return the variables of a run, with values made up where the settings want that."""
        made_up = secrets.token_urlsafe(48)
        return {name: value.replace(RANDOM, made_up) for name, value in self.env.items()}


@dataclass(frozen=True)
class IntegrationSettings:
    """The tests against real services: where they are, and what they are started with.

    With empty `paths` there are none, and a release is refused if they are `required`. The values
    of `env` have the placeholders of the product's variables, which the tests get without it. With
    services that are provided from outside `external_options` are added.
    """

    paths: tuple[str, ...] = ("tests/integration",)
    options: tuple[str, ...] = ()
    external_options: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    required: bool = True


def read_lint(table: Any, where: str) -> LintSettings:
    """Read `[tool.towpath.lint]`; raises ConfigurationError."""
    return LintSettings(**section(table, LintSettings, where, more=_MORE))


def read_tests(table: Any, where: str) -> SuiteSettings:
    """Read `[tool.towpath.tests]`; raises ConfigurationError."""
    found = SuiteSettings(**section(table, SuiteSettings, where, more=_MORE))
    if found.runner not in RUNNERS:
        raise wrong(f"{where}.runner", f"one of {', '.join(RUNNERS)}", found.runner)
    for pair in found.exclude:
        if not _PAIR.fullmatch(pair):
            raise wrong(f"{where}.exclude", "a list of pairs such as '3.10 django-5.2'", pair)
    for name in found.coverage_on:
        if not _PYTHON.fullmatch(name):
            raise wrong(f"{where}.coverage-on", "a list of Pythons such as '3.12'", name)
    return found


def read_integration(table: Any, where: str) -> IntegrationSettings:
    """Read `[tool.towpath.integration]`; raises ConfigurationError."""
    return IntegrationSettings(**section(table, IntegrationSettings, where, more=_MORE))


def _values(table: Any, where: str) -> dict[str, str]:
    if not isinstance(table, Mapping):
        raise wrong(where, "a table", table)
    for name, value in table.items():
        typed(value, str, f"{where}.{name}")
        if where.endswith(".env") and environment.refused(name):
            raise ConfigurationError(
                f"{where} in pyproject.toml sets {name}, which configures a tool.",
                why="Settings that a verdict depends on belong into the project's files, where"
                " they are reviewed and recorded as evidence.",
                next_step="Configure the tool in pyproject.toml or in its own file.",
            )
    return dict(table)


_MORE = {"Mapping[str, str]": _values}
