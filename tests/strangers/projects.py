"""Writes one of the projects into an empty directory, with its lock file, and commits it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.strangers import texts

# What a legacy code base is made of: findings of a linter, a line for each.
FINDINGS = 2000
LOCKS = Path(__file__).parent / "locks"
UV = (sys.executable, "-m", "uv")


def write(root: Path, files: Mapping[str, str]) -> None:
    """Write files below a directory."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def run(folder: Path, *argv: str) -> None:
    """Run a command in a directory; what it wrote is in the error if it fails."""
    subprocess.run(argv, cwd=folder, check=True, capture_output=True)


def commit(root: Path) -> None:
    """Make the directory a repository with one commit."""
    run(root, "git", "init", "-q", "-b", "main")
    run(root, "git", "add", "-A")
    who = ("-c", "user.name=A Stranger", "-c", "user.email=stranger@example.com")
    run(root, "git", *who, "commit", "-q", "-m", "A project")


def startproject(root: Path) -> Path:
    """(a) What `django-admin startproject` and `startapp` write, and two lines of requirements."""
    run(root, sys.executable, "-m", "django", "startproject", "shop", ".")
    run(root, sys.executable, "-m", "django", "startapp", "pages")
    write(
        root,
        {
            "requirements.txt": "django>=5.2,<5.3\ngunicorn\n",
            "pages/tests.py": (
                "from django.test import SimpleTestCase\n\n\n"
                "class AdminTests(SimpleTestCase):\n"
                "    def test_login(self):\n"
                '        self.assertEqual(self.client.get("/admin/login/").status_code, 200)\n'
            ),
            ".gitignore": "__pycache__/\n*.sqlite3\n.venv/\n",
        },
    )
    return root


def with_uv(root: Path) -> Path:
    """(b) Celery and Redis, DATABASE_URL, settings from the environment, pytest, ruff, uv.lock."""
    files = texts.app("shop/books", "shop.books") | texts.site(
        "config",
        "config",
        "shop.books",
        imports="\nimport environ\n\nenv = environ.Env()",
        secret='env("SECRET_KEY")',
        debug='env.bool("DEBUG", default=False)',
        database='env.db("DATABASE_URL")',
    )
    files |= {
        "manage.py": texts.MANAGE.format(settings="config.settings"),
        "config/__init__.py": 'from .celery import app as celery_app\n\n__all__ = ["celery_app"]\n',
        "config/celery.py": texts.CELERY.format(settings="config.settings"),
        "shop/__init__.py": "",
        "tests/test_books.py": texts.PYTEST.format(app="shop.books"),
        "pyproject.toml": """\
[project]
name = "bookshop"
version = "1.0"
requires-python = ">=3.11"
dependencies = ["django>=5.2,<5.3", "django-environ", "psycopg[binary]", "celery[redis]"]

[dependency-groups]
dev = ["pytest>=8,<9", "pytest-django", "ruff"]

[tool.uv]
package = false

[tool.ruff]
line-length = 100
lint.select = ["E", "F", "I"]

[tool.pytest.ini_options]
DJANGO_SETTINGS_MODULE = "config.settings"
addopts = "-m 'not slow' --strict-markers"
markers = ["slow: takes long"]
""",
        ".env.example": "SECRET_KEY=\nDATABASE_URL=sqlite:///db.sqlite3\n",
        ".gitignore": ".venv/\n__pycache__/\n.env\n",
    }
    write(root, files)
    run(root, *UV, "lock", "--quiet")
    return root


def with_pip_tools(root: Path) -> Path:
    """(c) `manage.py test`, SQLite, pip-tools with hashes, flake8 and isort."""
    files = texts.app("books", "books") | texts.site("library", "library", "books")
    files |= {
        "manage.py": texts.MANAGE.format(settings="library.settings"),
        "books/tests/__init__.py": "",
        "books/tests/test_views.py": texts.TESTS.format(app="books"),
        "requirements.in": "django>=5.2,<5.3\ngunicorn\n",
        "requirements-dev.in": "-c requirements.txt\nflake8\nisort\ntblib\n",
        "setup.cfg": "[flake8]\nmax-line-length = 100\n\n[isort]\nprofile = black\n",
        ".gitignore": "__pycache__/\n*.sqlite3\n",
    }
    write(root, files)
    for name in ("requirements", "requirements-dev"):
        options = ("--quiet", "--generate-hashes", f"{name}.in", "-o", f"{name}.txt")
        run(root, *UV, "pip", "compile", *options)
    return root


def with_poetry(root: Path) -> Path:
    """(d) A monorepo whose directory backend/ is the project: poetry, black, mypy, node assets."""
    files = texts.app("books", "books") | texts.site("api", "api", "books")
    files |= {
        "manage.py": texts.MANAGE.format(settings="api.settings"),
        "tests/__init__.py": "",
        "tests/test_books.py": texts.PYTEST.format(app="books"),
        "pytest.ini": (
            "[pytest]\nDJANGO_SETTINGS_MODULE = api.settings\naddopts = -m 'not slow'\n"
            "markers =\n    slow: takes long\n"
        ),
        "pyproject.toml": """\
[tool.poetry]
name = "backend"
version = "0.1.0"
description = ""
authors = []
package-mode = false

[tool.poetry.dependencies]
python = ">=3.11,<4.0"
django = "~5.2"

[tool.poetry.group.dev.dependencies]
pytest = "~8.3"
pytest-django = ">=4.8,<4.11"
pytest-xdist = "~3.6"

[tool.black]
line-length = 100

[tool.mypy]
ignore_missing_imports = true
""",
        "package.json": json.dumps(
            {"name": "assets", "private": True, "scripts": {"build": "node build.mjs"}}
        ),
        "package-lock.json": json.dumps(
            {"name": "assets", "lockfileVersion": 3, "packages": {"": {"name": "assets"}}}
        ),
        "build.mjs": texts.ASSETS,
        "frontend/site.css": "body { color: teal; }\n",
    }
    files["api/settings.py"] += texts.STATIC
    files["api/urls.py"] += texts.SERVED
    write(root / "backend", files)
    write(root, {"frontend/README.md": "Another team's.\n", ".gitignore": "__pycache__/\n"})
    # Poetry asks an index for more than the simple API, which not every mirror answers.
    (root / "backend" / "poetry.lock").write_text((LOCKS / "poetry.lock").read_text())
    return root / "backend"


def with_channels(root: Path) -> Path:
    """(e) ASGI with channels, MySQL, an own Dockerfile, plain requirements that are pinned."""
    files = texts.app("books", "books") | texts.site(
        "chat",
        "chat",
        "books",
        imports="\nimport os\n",
        secret='os.environ.get("SECRET_KEY", "development" * 5)',
        debug='os.environ.get("DEBUG") == "1"',
        database=texts.MYSQL,
    )
    files["chat/settings.py"] += 'ASGI_APPLICATION = "chat.asgi.application"\n'
    files |= {
        "manage.py": texts.MANAGE.format(settings="chat.settings"),
        "chat/asgi.py": texts.ASGI.format(settings="chat.settings"),
        "books/tests.py": texts.TESTS.format(app="books"),
        "requirements.txt": "django>=5.2,<5.3\nchannels[daphne]>=4\npymysql\ncryptography\n",
        "Dockerfile": texts.DOCKERFILE,
        ".dockerignore": ".git\n.nox\n.towpath/venv\n",
        ".gitignore": "__pycache__/\n*.sqlite3\n",
    }
    files["chat/__init__.py"] = "import pymysql\n\npymysql.install_as_MySQLdb()\n"
    write(root, files)
    return root


def with_src(root: Path) -> Path:
    """A package in src/, installed by its build backend, with settings for the tests alone."""
    files = texts.app("src/acme/books", "acme.books") | texts.site(
        "src/acme/site", "acme.site", "acme.books"
    )
    files |= {
        "src/acme/__init__.py": "",
        "src/acme/site/test_settings.py": (
            "from .settings import *  # noqa: F403\n\nDEBUG = False\n"
        ),
        "src/manage.py": texts.MANAGE.format(settings="acme.site.settings"),
        "tests/test_books.py": texts.PYTEST.format(app="acme.books"),
        "tests/conftest.py": (
            "def pytest_addoption(parser):\n" '    parser.addoption("--flavour", default="plain")\n'
        ),
        "pyproject.toml": """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "acme"
version = "1.0"
requires-python = ">=3.11"
dependencies = ["django>=5.2,<5.3"]
classifiers = [
    "Framework :: Django :: 5.1",
    "Framework :: Django :: 5.2",
]

[project.optional-dependencies]
test = ["pytest", "pytest-django"]

[tool.hatch.build.targets.wheel]
packages = ["src/acme"]

[tool.pytest.ini_options]
DJANGO_SETTINGS_MODULE = "acme.site.test_settings"
addopts = ["--import-mode=importlib", "-m", "not slow"]
markers = ["slow: takes long"]

[tool.pyright]
include = ["src"]
""",
    }
    files["pyproject.toml"] = files["pyproject.toml"].replace("5.2,<5.3", "5.1,<5.3")
    write(root, files)
    return root


def legacy(root: Path) -> Path:
    """(f) Two thousand findings, three fifths of the lines tested, long functions, no linter."""
    files = texts.app("old", "old") | texts.site("portal", "portal", "old")
    branches = "".join(
        f"    if kind == {number}:\n        result=result+{number}\n" for number in range(12)
    )
    rows = "".join(f"    [{number},1],\n" for number in range(FINDINGS))
    files |= {
        "manage.py": texts.MANAGE.format(settings="portal.settings"),
        "old/tests.py": texts.TESTS.format(app="old"),
        "old/reports.py": f"def report(kind):\n    result=0\n{branches}    return result\n",
        "old/table.py": f"ROWS = [\n{rows}]\n",
        "requirements.txt": "Django==5.2.*\n",
        "setup.cfg": "[flake8]\nmax-line-length = 120\n",
        ".gitignore": "__pycache__/\n*.sqlite3\n",
    }
    write(root, files)
    return root


PROJECTS: Mapping[str, Callable[[Path], Path]] = {
    "startproject": startproject,
    "uv": with_uv,
    "pip-tools": with_pip_tools,
    "poetry": with_poetry,
    "channels": with_channels,
    "src": with_src,
    "legacy": legacy,
}


def make(name: str, root: Path) -> Path:
    """Write a project into an empty directory, and return where it is; its repository is `root`."""
    root.mkdir(parents=True, exist_ok=True)
    project = PROJECTS[name](root)
    commit(root)
    return project


if __name__ == "__main__":
    for chosen in sys.argv[2:] or PROJECTS:
        make(chosen, Path(sys.argv[1], chosen))
