"""The keys of the project as such, and of its Django."""

from __future__ import annotations

from tools.reference.keys.schemas import NAME, PROCESSES, SERVICES, TEXT, TEXTS, VALUES
from tools.reference.table import Key, Table
from towpath.checks.lint import linters_commands as linters
from towpath.config import (
    Config,
    Django,
    reading,
    services,
)
from towpath.core.references import PLATFORMS

TABLES = (
    Table(
        "",
        "The project, its image and its registries. Every key has a default.",
        (
            Key(
                "version",
                TEXT,
                "Which Towpath the project uses: a version, or a specifier such as"
                " `>=0.1,<0.2`. Any other one ends every command with exit code 2. The project's"
                " `./dev` installs it.",
                ">=0.1",
            ),
            Key(
                "name",
                NAME,
                "The name of the project on this machine. It names the Compose projects and the"
                " directory of the state.",
                "shop",
                "TOWPATH_NAME",
            ),
            Key(
                "repository",
                TEXT,
                "The repository of the product's image in every registry.",
                "team/shop",
                "TOWPATH_REPOSITORY",
            ),
            Key(
                "registry",
                TEXT,
                "The first registry: a host, and a port if it is not the usual one. Images are"
                " built into it, and evidence is attached there.",
                "ghcr.io",
                "TOWPATH_REGISTRY",
            ),
            Key(
                "registries",
                TEXTS,
                "Further registries. Each of them gets every image with its evidence.",
                ["registry.example.org", "localhost:5001"],
                "TOWPATH_REGISTRIES",
            ),
            Key(
                "platforms",
                {"type": "array", "items": {"type": "string", "pattern": "[a-z]"}, "minItems": 1},
                "The platforms that the image is built for. Short forms such as `arm64` are"
                " understood.",
                list(PLATFORMS),
            ),
            Key(
                "processes",
                PROCESSES,
                "The processes of the product, each in containers of its own; a text is a command,"
                " as in a Procfile. `web` is the one that the proxy asks, `release` are commands"
                " that run once for each deployment, after the migrations. See"
                " [your own project](../../adopting.md#processes).",
                {"web": "gunicorn shop.wsgi", "worker": "celery -A shop worker"},
            ),
            Key(
                "services",
                SERVICES,
                "What the product needs beside itself; a text is an image or a kind. Known kinds"
                f" are {', '.join(f'`{name}`' for name in services.KINDS)}. See"
                " [your own project](../../adopting.md#services).",
                {"database": "postgres:17", "redis": "redis:8.0"},
            ),
            Key(
                "env",
                {"type": "object", "additionalProperties": TEXT},
                "The variables of the product, with placeholders such as `{database.url}`,"
                " `{secret.NAME}` and `{hosts}`. They serve the deployment, the check of the"
                " settings and the collection of static files. See"
                " [your own project](../../adopting.md#variables).",
                {"ALLOWED_HOSTS": "{hosts}", "ENVIRONMENT": "{environment}"},
            ),
            Key(
                "volumes",
                {"type": "object", "additionalProperties": TEXT},
                "Directories of the product that are kept: each has a name, and a path that is"
                " absolute or seen from the directory of `manage.py`.",
                {"media": "media"},
            ),
            Key(
                "compose",
                TEXT,
                "The directory of the project's own Compose files, as `eject compose` writes them."
                " Without it they are rendered.",
                "compose",
            ),
            Key(
                "evidence-days",
                {"type": "integer", "minimum": 1, "maximum": reading.MOST_DAYS},
                "How many days the results of `security` and `scan` count in a promotion.",
                14,
            ),
            Key(
                "absent",
                {
                    "type": "array",
                    "items": {"enum": [k for k in linters.READS if k not in linters.PYTHON]},
                },
                "Kinds of files that the project does not have. Without a file to judge a linter"
                " gives no verdict, unless its kind is listed here.",
                ["shell", "workflows"],
            ),
        ),
        Config,
        ours=(
            *("root", "env", "baseline", "baseline-file", "lint", "tests", "integration"),
            *("builders", "django", "image", "proxy", "dashboard", "branches"),
            *("environments", "waivers", "gates", "ignored", "variables", "notify"),
            "monitoring",
        ),
    ),
    Table(
        "django",
        "Where the Django project is, and the variables with which its settings are checked as in"
        " production.",
        (
            Key("settings", TEXT, "The settings module.", "shop.settings"),
            Key("manage", TEXT, "The path of `manage.py`.", "src/manage.py"),
            Key(
                "production",
                VALUES,
                "Variables of the environment with which the settings are checked as in"
                " production.",
                {"DEBUG": "false", "ALLOWED_HOSTS": "shop.example.org"},
            ),
            Key(
                "secrets",
                TEXTS,
                "Variables that get a random value in that check.",
                ["SECRET_KEY", "DATABASE_PASSWORD"],
            ),
        ),
        Django,
    ),
)
