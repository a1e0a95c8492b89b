"""What the reference says of each key of `[tool.towpath]`; types and defaults are the code's own.

A unit test compares the keys with those that the code reads, and the types with what it accepts.
"""

from __future__ import annotations

import datetime as dt

from tools.reference.table import Key, Schema, Table
from towpath import gates
from towpath.checks.lint import linters_commands as linters
from towpath.config import (
    CHECKS,
    REACHES,
    Config,
    Dashboard,
    Django,
    Environment,
    ImageSettings,
    builders,
    checking,
    monitoring,
    names,
    notify,
    reading,
    services,
)
from towpath.config.builders import BuilderNode
from towpath.config.checking import IntegrationSettings, LintSettings, SuiteSettings
from towpath.config.model import ProxySettings
from towpath.config.monitoring import Monitoring
from towpath.config.waivers import Waiver
from towpath.core.references import PLATFORMS

TEXT: Schema = {"type": "string"}
TEXTS: Schema = {"type": "array", "items": TEXT}
FILLED: Schema = {"type": "string", "minLength": 1}
VARIABLE: Schema = {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}
COUNT: Schema = {"type": "integer", "minimum": 0}
FROM_ONE: Schema = {"type": "integer", "minimum": 1}
NAME: Schema = {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*$", "maxLength": names.LONGEST}
PACKAGES: Schema = {
    "type": "array",
    "items": {"type": "string", "pattern": "^[a-z0-9][a-z0-9+.-]+$"},
}
VARIABLES: Schema = {
    "type": "array",
    "items": {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*\\*?$"},
}
HOST: Schema = {"type": "string", "pattern": "^[A-Za-z0-9.-]+(:[0-9]{1,5})?$"}
PAGE: Schema = {"type": "string", "pattern": "^/[!-~]*$"}
PATH: Schema = {"type": "string", "pattern": "^[^/]"}
PROCESS: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "command": FILLED,
        "count": FROM_ONE,
        "single": {"type": "boolean"},
        "health": FILLED,
        "stop": FROM_ONE,
        "memory": {"type": "string", "pattern": "^[1-9][0-9]*[kmg]$"},
        "port": {"type": "integer", "minimum": 1, "maximum": 65535},
    },
}
PROCESSES: Schema = {
    "type": "object",
    "properties": {"release": {"anyOf": [FILLED, TEXTS]}},
    "additionalProperties": {"anyOf": [FILLED, PROCESS]},
}
SERVICE: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "kind": {"enum": list(services.KINDS)},
        **dict.fromkeys(("image", "name", "user", "host", "file", "volume"), TEXT),
        "port": {"type": "integer"},
        "health": TEXTS,
    },
}
SERVICES: Schema = {"type": "object", "additionalProperties": {"anyOf": [FILLED, SERVICE]}}
SMOKE: Schema = {
    "type": "array",
    "items": {
        "anyOf": [
            PAGE,
            {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "path": PAGE,
                    "status": {"type": "integer", "minimum": 0, "maximum": 599},
                    "text": TEXT,
                },
            },
        ]
    },
}
VALUES: Schema = {"type": "object", "additionalProperties": TEXT}


def _limit(rule: gates.Gate) -> Schema:
    """Return what a project may set for a gate: a limit that is at least as strict."""
    bound = "minimum" if rule.direction in (">", ">=") else "maximum"
    return {"type": "number", bound: rule.limit}


def _between(bounds: tuple[int, int]) -> Schema:
    """Return a whole number within bounds, both included."""
    return {"type": "integer", "minimum": bounds[0], "maximum": bounds[1]}


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
                "Variables of these tests. `{database.host}` is the address of a service,"
                " `{secret.NAME}` the file of a secret.",
                {"DATABASE_HOST": "{database.host}"},
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
    Table(
        "image",
        "What the image needs besides Python packages.",
        (
            Key(
                "build-packages",
                PACKAGES,
                "Debian packages that are needed to compile dependencies.",
                ["libpq-dev"],
            ),
            Key(
                "run-packages",
                PACKAGES,
                "Debian packages that the product needs when it runs.",
                ["libpq5"],
            ),
            Key(
                "dockerfile",
                TEXT,
                "The project's own Dockerfile. Without it one is rendered.",
                "docker/Dockerfile",
            ),
            Key("target", TEXT, "The stage of that Dockerfile that is the product.", "app"),
            Key(
                "user",
                {"type": "string", "pattern": "^([0-9]+(:[0-9]+)?)?$"},
                "Whom the product runs as. Without it: 10001, or the user of the own image.",
                "1000:1000",
            ),
            Key(
                "python",
                {"type": "string", "pattern": "^3\\.[0-9]{1,2}$"},
                "The Python of the image.",
                "3.12",
            ),
            Key("code", TEXT, "The directory whose files are in the image.", "src"),
            Key(
                "requirements",
                TEXT,
                "The file of the product's requirements. Without it `uv.lock` or the usual files"
                " are looked for.",
                "requirements/prod.txt",
            ),
            Key(
                "extra",
                TEXTS,
                "Requirements that are compiled with the project's own, such as a web server.",
                ["gunicorn"],
            ),
            Key(
                "static",
                {"type": "boolean"},
                "Whether static files are collected when the image is built.",
                False,
            ),
            Key(
                "registry-wheels",
                {"enum": list(reading.REGISTRY_TRUST)},
                "Whether compiled wheels from a registry are used: always, only where this machine"
                " logged in, or never. See [wheels](../../wheels.md).",
                "never",
            ),
            Key(
                "registry-cache",
                {"enum": list(reading.REGISTRY_TRUST)},
                "Whether a build cache from a registry is used: always, only where this machine"
                " logged in, or never. See [registries](../../registries.md).",
                "never",
            ),
        ),
        ImageSettings,
    ),
    Table(
        "proxy",
        "What the proxy lets through to the product.",
        (
            Key(
                "file",
                TEXT,
                "The project's own settings of HAProxy, as `eject proxy` writes them.",
                "haproxy.cfg",
            ),
            Key(
                "body-limit",
                COUNT,
                "How many bytes the body of a request may have; 0 for any number.",
                1048576,
            ),
            Key(
                "upgrade",
                {"type": "boolean"},
                "Whether connections may change to another protocol, as WebSockets do.",
                False,
            ),
        ),
        ProxySettings,
    ),
    Table(
        "dashboard",
        "The dashboard that gets the report of every run. The token is in the variable"
        " `TOWPATH_DASHBOARD_TOKEN`, else in the secrets of the environment.",
        (
            Key("url", TEXT, "The address of the dashboard.", "https://releases.example.org"),
            Key(
                "environment",
                TEXT,
                "The environment that runs the dashboard, instead of an address.",
                "staging",
            ),
            Key("health", TEXT, "The path at which `invoke health` asks it.", "/up"),
        ),
        Dashboard,
    ),
    Table(
        "branches",
        "How far a run in CI goes. The first pattern that matches wins; `*` matches any text. A"
        " pattern such as `tag:v*` is for tags. If the table is missing, `main` goes to `test` and"
        " every other branch to `scan`. See [CI](../../ci.md#how-far-a-run-goes).",
        (
            Key(
                "PATTERN",
                {"enum": list(REACHES)},
                "The last stage for branches or tags whose name matches the pattern.",
                "release",
            ),
        ),
        sample="release/*",
    ),
    Table(
        "monitoring",
        "Prometheus and Alertmanager beside an environment. See"
        " [monitoring](../../monitoring.md#prometheus).",
        (
            Key(
                "interval",
                _between(monitoring.INTERVALS),
                "Seconds between two readings of every container; then the alerts are judged.",
                5,
            ),
            Key("days", _between(monitoring.DAYS), "Days for which the figures are kept.", 30),
            Key(
                "webhook-env",
                VARIABLE,
                "The variable that has the address of a webhook: Alertmanager delivers to it.",
                "ALERTS_WEBHOOK",
            ),
            Key(
                "notify",
                TEXTS,
                "Names of targets of notifications that Alertmanager sends alerts to, with the"
                " secrets that these have.",
                ["team"],
            ),
        ),
        Monitoring,
    ),
    Table(
        "notify.NAME",
        "A target of [notifications](../../notifications.md). Its secrets are in variables.",
        (
            Key("kind", {"enum": list(notify.KINDS)}, "Where messages go.", "slack"),
            Key(
                "events",
                {"type": "array", "items": {"enum": list(notify.EVENTS)}, "minItems": 1},
                "Which events are sent.",
                ["failed", "recovered"],
            ),
            Key(
                "where",
                {"enum": list(notify.WHERE)},
                "In CI runs of a branch or tag (`branches`), or on people's machines and in pull"
                " requests too (`everywhere`). Without it: `branches`.",
                "everywhere",
            ),
            Key(
                "url-env", VARIABLE, "The variable that has the webhook's address.", "SLACK_WEBHOOK"
            ),
            Key("token-env", VARIABLE, "The variable that has the bot's token.", "SLACK_TOKEN"),
            Key(
                "secret-env", VARIABLE, "The variable that has the key for signatures.", "HOOK_KEY"
            ),
            Key("password-env", VARIABLE, "The variable that has the mail password.", "MAIL_ENTRY"),
            Key("channel", FILLED, "The channel that Slack's bot writes to.", "#builds"),
            Key("host", FILLED, "The mail server.", "mail.example.org"),
            Key(
                "port",
                {"type": "integer", "minimum": 1, "maximum": 65535},
                "The port of the mail server. Without it: 587.",
                587,
            ),
            Key("user", TEXT, "The user at the mail server. Without it: no login.", "towpath"),
            Key("sender", FILLED, "The address that mail comes from.", "towpath@example.org"),
            Key(
                "recipients",
                {**TEXTS, "minItems": 1},
                "The addresses that get mail.",
                ["team@example.org"],
            ),
        ),
        sample="team",
    ),
    Table(
        "environments.NAME",
        "An environment that releases run in. Its name has the form of `name`. These names are"
        f" reserved: {', '.join(f'`{name}`' for name in sorted(names.TAKEN))}.",
        (
            Key(
                "port",
                {"type": "integer", "minimum": 0, "maximum": 65535},
                "The port of the proxy on this machine. With 0 the environment has no proxy, and"
                " nothing can be deployed to it.",
                8081,
            ),
            Key("replicas", FROM_ONE, "How many containers of the web service run.", 2),
            Key(
                "host",
                HOST,
                "The Host of our own requests: one that the product's ALLOWED_HOSTS has.",
                "shop.example.org",
            ),
            Key(
                "health",
                PAGE,
                "A path that answers 200 when a container can work. Without it any answer below"
                " 500 at `/` will do.",
                "/up",
            ),
            Key(
                "smoke",
                SMOKE,
                "Pages that each new container has to answer before it gets requests, and the"
                " environment after: a path, or a table with `path`, `status` and `text`. Without"
                " `status` any below 500 will do.",
                ["/", {"path": "/accounts/login/", "status": 200, "text": "Log in"}],
            ),
            Key(
                "bake",
                COUNT,
                "How many seconds new containers are watched while they answer requests.",
                30,
            ),
            Key(
                "drain",
                COUNT,
                "How many seconds open requests have to end before a container stops.",
                60,
            ),
            Key(
                "healthy",
                FROM_ONE,
                "How many healthy answers in a row a new container has to give.",
                5,
            ),
            Key(
                "deadline",
                COUNT,
                "How many seconds new containers have to become healthy.",
                120,
            ),
            Key(
                "monitor",
                COUNT,
                "How many seconds the stage `monitor` of the pipeline watches production after"
                " its verification; with 0 there is no such stage. In every environment it is"
                " also how long `invoke monitor` watches. See [monitoring](../../monitoring.md).",
                300,
            ),
            Key(
                "monitor-rollback",
                {"type": "boolean"},
                "Whether the pipeline rolls production back when a gate of the stage `monitor`"
                " fails.",
                False,
            ),
        ),
        Environment,
        "staging",
        ours=("name", "bind"),
    ),
    Table(
        "builders.PLATFORM",
        "A machine that builds one platform instead of this machine. A string instead of a table is"
        " its `endpoint`. The variable `TOWPATH_BUILDERS` replaces the tables of all platforms. See"
        " [builders](../../builders.md).",
        (
            Key(
                "endpoint",
                {"type": "string", "pattern": f"^({'|'.join(builders.SCHEMES)})://."},
                "How the machine is reached: `ssh://user@host`, `tcp://host:port` or"
                " `kubernetes://namespace`.",
                "tcp://builder.example.org:2376",
            ),
            Key(
                "ca",
                TEXT,
                "The file with the certificate of the authority that signed the machine's own."
                " Only for `tcp://`, together with `cert` and `key`.",
                "certs/ca.pem",
            ),
            Key("cert", TEXT, "The file with our certificate.", "certs/cert.pem"),
            Key("key", TEXT, "The file with the key of our certificate.", "certs/key.pem"),
            Key(
                "options",
                VALUES,
                "Options of the BuildKit driver. Only for `kubernetes://`.",
                {"nodeselector": "kubernetes.io/arch=arm64"},
            ),
        ),
        BuilderNode,
        "linux/arm64",
        ours=("platform",),
    ),
    Table(
        "waivers",
        "Reviewed exceptions. An expired one ends every command with exit code 2.",
        (
            Key(
                "id",
                {"type": "string", "minLength": 1},
                "What is accepted: a gate, an advisory such as `CVE-2026-12345`, a hazard of a"
                " migration, or a source of advisories as `SOURCE:address`.",
                "CVE-2026-12345",
            ),
            Key(
                "reason",
                {"type": "string", "minLength": 1},
                "Why it is accepted.",
                "the function is never called",
            ),
            Key(
                "expires",
                {"type": "string", "format": "date"},
                "The last day on which it counts, without quotes.",
                dt.date(2999, 1, 31),
            ),
        ),
        Waiver,
        is_list=True,
    ),
    Table(
        "gates",
        "Limits of the project's own. A limit may only be stricter than the one in the"
        " [table of gates](../gates.md).",
        tuple(
            Key(
                rule.code,
                _limit(rule),
                f"Limit of the gate `{rule.code}`: {rule.meaning}.",
                rule.limit,
            )
            for rule in gates.known()
        )
        + (
            Key(
                "baseline",
                TEXT,
                "The file with the values that the project had when it came in, which may not get"
                " worse. See [linting](../../linting.md#baseline).",
                "towpath-baseline.json",
            ),
        ),
    ),
    Table(
        "variables",
        "Variables of the caller that a check, or the files in `compose/`, see besides the usual"
        " ones. A star at the end matches the rest of a name. See"
        " [reuse of evidence](../../evidence.md#reuse).",
        tuple(
            Key(
                name,
                VARIABLES,
                (
                    "Variables for the Compose files."
                    if name == "compose"
                    else f"Variables for the check `{name}`."
                ),
                ["SHOP_URL", "SHOP_FEATURE_*"],
            )
            for name in (*CHECKS, "compose")
        ),
    ),
    Table(
        "ignored",
        "Patterns of files that a check does not read, so that a change of these files alone does"
        " not make it run again. A test that opens one of them fails. See"
        " [reuse of evidence](../../evidence.md#reuse).",
        tuple(
            Key(name, TEXTS, f"Files that the check `{name}` does not read.", ["docs/", "*.md"])
            for name in CHECKS
        ),
    ),
)
