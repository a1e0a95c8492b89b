"""The keys of what checks the code."""

from __future__ import annotations

from tools.reference.keys.schemas import TEXT, TEXTS, VALUES
from tools.reference.table import Key, Table
from towpath.checks.lint import linters_commands as linters
from towpath.config import (
    checking,
)
from towpath.config.checking import IntegrationSettings, LintSettings, SuiteSettings

TABLES = (
    Table(
        "lint",
        "The linters, and what they have to import. See [linting](../../linting.md).",
        (
            Key(
                "linters",
                {"type": "array", "items": {"enum": [row.name for row in linters.LINTERS]}},
                "The linters that the project uses. Others are left out, which the output and the"
                " evidence say; those of every project always run.",
                ["ruff", "ruff-format", "mypy"],
            ),
            Key(
                "requirements",
                TEXTS,
                "Lock files or requirement files for the environment of lint. Without it, those of"
                " the tests.",
                ["requirements/lint.txt"],
            ),
        ),
        LintSettings,
    ),
    Table(
        "tests",
        "How the tests run, and what is installed for them. See [testing](../../testing.md).",
        (
            Key(
                "runner",
                {"enum": list(checking.RUNNERS)},
                "The program that runs the tests: `pytest`, or `django` for `manage.py test`.",
                "django",
            ),
            Key(
                "files",
                TEXTS,
                "Patterns of test files. Some linters do not judge them, and the coverage of a"
                " project without settings for it does not count them.",
                ["tests/"],
            ),
            Key(
                "requirements",
                TEXTS,
                "Lock files (of uv, Poetry, PDM, Pipenv), requirement files or `pyproject.toml`:"
                " what is installed before our tools.",
                ["uv.lock"],
            ),
            Key("groups", TEXTS, "Groups of dependencies to install.", ["dev"]),
            Key("extras", TEXTS, "Extras of the project to install.", ["test"]),
            Key(
                "package",
                {"type": "boolean"},
                "Whether the project itself is installed, editable: for a layout with `src/`.",
                True,
            ),
            Key(
                "settings",
                TEXT,
                "The settings module of the tests, where the runner does not find it by itself.",
                "shop.settings.test",
            ),
            Key(
                "parallel",
                {"type": "boolean"},
                "Whether the tests run in as many processes as there are cores.",
                False,
            ),
            Key("options", TEXTS, "Further options of the runner.", ["--reuse-db"]),
            Key(
                "env",
                VALUES,
                "Variables of the tests, and of linters that start Django. `{random}` is made up"
                " for each run.",
                {"SECRET_KEY": checking.RANDOM, "DATABASE_URL": "sqlite://:memory:"},
            ),
            Key(
                "parts",
                VALUES,
                "Names for paths after `--`, as in `nox -s tests -- unit`.",
                {"unit": "tests/unit"},
            ),
            Key(
                "exclude",
                {"type": "array", "items": {"type": "string", "pattern": "^3\\.[0-9]+ django-"}},
                "Pairs of Python and Django that are not tested.",
                ["3.10 django-6.0"],
            ),
            Key(
                "coverage-on",
                {"type": "array", "items": {"type": "string", "pattern": "^3\\.[0-9]+$"}},
                "Pythons whose tests measure coverage, which doubles their time; by default all."
                " All do as well where none of these is found.",
                ["3.13"],
            ),
            Key(
                "services",
                {"type": "boolean"},
                "Whether the services of the environment testing are started for the tests. Values"
                " of `env` may then have their placeholders; without `env` the tests get the"
                " variables of the product.",
                True,
            ),
        ),
        SuiteSettings,
    ),
    Table(
        "integration",
        "The tests against real services.",
        (
            Key(
                "paths",
                TEXTS,
                "Where they are. With an empty list there are none, which the evidence says.",
                ["tests/services"],
            ),
            Key("options", TEXTS, "Options of pytest.", ["-m", "integration"]),
            Key(
                "external-options",
                TEXTS,
                "Further options with services that are provided from outside.",
                ["-m", "integration and not engine"],
            ),
            Key(
                "env",
                VALUES,
                "Variables of these tests, with the placeholders of the product's variables;"
                " without any they are those of the product.",
                {"DATABASE_HOST": "db.example.org"},
            ),
            Key(
                "required",
                {"type": "boolean"},
                "Whether a release is refused without integration tests.",
                False,
            ),
        ),
        IntegrationSettings,
    ),
)
