"""A small project for the linters, with one planted fault for each of them; what they say is real.

`python -m tests.planted [TOOL...]`, in the environment of the lint session, has every linter judge
both projects, and no file at all; what it said is kept in tests/fixtures/said for the truth table.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from towpath.checks.lint.linters_commands import LINTERS, Linter
from towpath.core.findings import ToolResult

ROOT = Path(__file__).parents[1]
SAID = ROOT / "tests/fixtures/said"

MANAGE = """\
import os

from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
execute_from_command_line()
"""
SETTINGS = """\
import os

SECRET_KEY = os.environ.get("SECRET_KEY", "short")
ALLOWED_HOSTS = ["localhost"]
INSTALLED_APPS = ["shop"]
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
SECURE_HSTS_SECONDS = 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_SSL_REDIRECT = True
SILENCED_SYSTEM_CHECKS = ["security.W021", "security.W003", "security.W002"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
"""
MODELS = """\
from django.db import models


class Thing(models.Model):
    name = models.CharField(max_length=20)
"""
MIGRATION = """\
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    operations = [
        migrations.CreateModel(
            name="Thing",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=20)),
            ],
        )
    ]
"""
PYPROJECT = """\
[project]
name = "shop"
version = "1"
requires-python = ">=3.11"
dependencies = []

[tool.black]
line-length = 100

[tool.mypy]
disable_error_code = ["var-annotated"]

[tool.ruff]
line-length = 100

[tool.ruff.lint]
select = ["E", "F"]

[tool.towpath]
name = "shop"
compose = "compose"

[tool.towpath.django]
secrets = ["SECRET_KEY"]

[tool.towpath.environments.staging]
port = 8081
"""
WORKFLOW = """\
name: check
on:
  push:
    branches: [main]
permissions: {}
concurrency:
  group: check
jobs:
  check:
    name: check
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    steps:
      - name: Say hello
        env:
          WHO: ${{ github.actor }}
        run: echo "hello $WHO"
"""
COMPOSE = "services:\n  web:\n    image: ${TOWPATH_IMAGE:?is set}\n"
DOCKERFILE = "FROM debian:12\nUSER 10001:10001\n"
CONTRACTS = """\
[importlinter]
root_package = shop

[importlinter:contract:prices]
name = Prices know no database
type = forbidden
source_modules = shop.prices
forbidden_modules = shop.models
"""
PINNED = "a==1.5 \\\n    --hash=sha256:00\n    # via -r x.in\n"

LOCK = """\
version = 1
revision = 3
requires-python = ">=3.11"

[[package]]
name = "shop"
version = "1"
source = { virtual = "." }
"""
GOOD: Mapping[str, str] = {
    "pyproject.toml": PYPROJECT,
    "uv.lock": LOCK,
    ".flake8": "[flake8]\nmax-line-length = 100\n",
    ".importlinter": CONTRACTS,
    "manage.py": MANAGE,
    "settings.py": SETTINGS,
    "shop/__init__.py": '"""A shop."""\n',
    "shop/models.py": MODELS,
    "shop/migrations/__init__.py": '"""None."""\n',
    "shop/migrations/0001_initial.py": MIGRATION,
    "shop/prices.py": "def double(price: int) -> int:\n    return 2 * price\n",
    ".github/workflows/check.yml": WORKFLOW,
    "compose/base.yaml": COMPOSE,
    "compose/staging.yaml": "services:\n  web:\n    ports: ['${TOWPATH_PORT:?is set}:8000']\n",
    "compose/haproxy.cfg": "global\n",
    "Dockerfile": DOCKERFILE,
    "run": '#!/bin/sh\nset -eu\necho "$1"\n',
    "requirements/x.in": "a>=1\n",
    "requirements/x.txt": PINNED,
}
BRANCHES = "".join(f"    if price == {number}:\n        return {number}\n" for number in range(12))
NESTED = "".join(
    f"    if a[{n}] and b[{n}] or c[{n}]:\n        a[{n}] = b[{n}] * c[{n}] - d[{n}]\n"
    for n in range(400)
)
# What is planted for each linter: files that take the place of the good ones.
BAD: Mapping[str, Mapping[str, str]] = {
    **dict.fromkeys(
        ("mypy", "pyright"),
        {"shop/prices.py": 'def double(price: int) -> int:\n    return "2"\n'},
    ),
    **dict.fromkeys(
        ("flake8", "ruff"),
        {"shop/prices.py": "import os\n\n\ndef double(price: int) -> int:\n    return 2\n"},
    ),
    "bandit": {
        "shop/prices.py": "import subprocess\n\n\ndef show(name: str) -> None:\n"
        "    subprocess.run(name, shell=True)\n"
    },
    **dict.fromkeys(
        ("black", "ruff-format"), {"shop/prices.py": "def double( price ):\n  return 2*price\n"}
    ),
    "isort": {"shop/prices.py": "import sys\nimport os\n\nprint(sys, os)\n"},
    "radon": {"shop/prices.py": f"def double(price: int) -> int:\n{BRANCHES}    return 0\n"},
    "maintainability": {"shop/prices.py": f"def f(a, b, c, d):\n{NESTED}"},
    "django-deploy-check": {
        "settings.py": SETTINGS.replace("SSL_REDIRECT = True", "SSL_REDIRECT = False")
    },
    "migrations": {"shop/models.py": f"{MODELS}    price = models.IntegerField(default=0)\n"},
    "compose": {"compose/staging.yaml": "services:\n  web:\n    prts: ['8000']\n"},
    "imports": {
        "shop/prices.py": "from shop import models\n\n\n"
        "def double(thing: models.Thing) -> str:\n    return 2 * thing.name\n"
    },
    "requirements-drift": {"requirements/x.in": "a>=2\nb\n"},
    "lock-drift": {"uv.lock": LOCK.replace('"1"', '"0"')},
    "architecture": {".flake8": "[flake8]\nmax-complexity = 12\n"},
    "shellcheck": {"run": "#!/bin/sh\nfor file in $(ls); do echo $file; done\n"},
    "zizmor": {
        ".github/workflows/check.yml": WORKFLOW.replace(
            'echo "hello $WHO"', "echo ${{ github.event.pull_request.title }}"
        ).replace("push:\n    branches: [main]", "pull_request_target:")
    },
    "actionlint": {".github/workflows/check.yml": WORKFLOW.replace("24.04", "99.04")},
    "hadolint": {"Dockerfile": "FROM debian\nRUN apt-get install curl\n"},
}


def plant(root: Path, tool: str | None = "") -> None:
    """Make the good project, the one with a tool's planted fault, or with None no project."""
    if tool is None:
        return
    for name, text in (GOOD | BAD.get(tool, {})).items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def listed(root: Path) -> list[str]:
    """Return the files of a planted project."""
    return sorted(str(file.relative_to(root)) for file in root.rglob("*") if file.is_file())


def ask(tool: Linter, root: Path, python: str = sys.executable) -> ToolResult:
    """Have a linter of this environment judge a planted project."""
    given = tool.files(
        listed(root), lambda file: (root / file).read_text().partition("\n")[0], ["tests/"]
    )
    places = f"{Path(python).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, **dict(tool.variables), "PATH": places, "PYTHONPATH": str(ROOT)}
    # Set by the tests of this project, whose settings are others.
    env.pop("DJANGO_SETTINGS_MODULE", None)
    try:
        ended = subprocess.run(
            tool.argv(python, given), cwd=root, env=env, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        return ToolResult(-1, "", str(error), len(given))
    place = str(root.resolve())
    said = (
        text.replace(f"{place}/", "").replace(place, ".") for text in (ended.stdout, ended.stderr)
    )
    return ToolResult(ended.returncode, *said, len(given))


def main(names: list[str]) -> None:
    """Keep what the linters say of the good project and of the bad ones."""
    SAID.mkdir(exist_ok=True)
    for tool in LINTERS:
        if names and tool.name not in names:
            continue
        found = {}
        for kind, planted in (("good", ""), ("bad", tool.name), ("nothing", None)):
            with tempfile.TemporaryDirectory() as place:
                plant(Path(place), planted)
                found[kind] = asdict(ask(tool, Path(place)))
        text = json.dumps(found, indent=1, sort_keys=True)
        (SAID / f"{tool.name}.json").write_text(f"{text}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
