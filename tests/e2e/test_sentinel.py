"""Secrets planted wherever a run knows one appear in no file, no stream and no process list."""

from __future__ import annotations

import base64
import json
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import LEAN, ROOT, Ended, commit, run
from towpath.core.redaction import Redactor
from towpath.environments import secrets
from towpath.environments.environment import Site
from towpath.tasks.context import workspace as new_workspace

# Made here, so that none of them is in a file of the repository.
WORD = "sEnT1nel"
NAMES = (
    "GITHUB_TOKEN",
    "CI_JOB_TOKEN",
    "SHOP_API_KEY",
    "TOWPATH_DASHBOARD_TOKEN",
    "DEPLOY_PASSWORD",
)
# The secrets of an environment of this project.
NAMES = ("database_password", "database_app_password", "queue_password", "secret_key")
ADVISORIES = str(ROOT / "tests/fixtures/advisories")
# Everything that a secret could be read from, and what a careless project would do with it.
FAILING = '''"""Planted: says all that it knows, and fails."""

import base64
import json
import os
import pathlib
import urllib.parse

STATE = pathlib.Path({state!r})


def test_that_tells_everything():
    """Fail with every secret in every form."""
    texts = [path.read_text() for path in STATE.glob("*/*/secrets-of-processes/*")]
    texts += os.environ.values()
    for text in texts:
        print(text, json.dumps(text), urllib.parse.quote(text, safe=""))
        print(base64.b64encode(("user:" + text).encode()).decode())
    raise AssertionError(" ".join(texts))
'''


def sentinel(number: int) -> str:
    """Return a secret of which each part is told apart from every other text."""
    return f"{WORD}/{number}+{'x7Kq' * 4}"


@pytest.fixture
def planted() -> dict[str, str]:
    """Return variables with a secret in each, by name, in a URL and in Docker's auths."""
    values = {name: sentinel(number) for number, name in enumerate(NAMES)}
    auth = base64.b64encode(f"me:{sentinel(20)}".encode()).decode()
    auths = {"auths": {"registry.example.com": {"auth": auth}}}
    return {
        **values,
        "DATABASE_URL": f"postgres://me:{WORD}21{'x7Kq' * 4}@db.example.com/shop",
        "DOCKER_AUTH_CONFIG": json.dumps(auths),
    }


@contextmanager
def watching(forms: Redactor) -> Iterator[list[str]]:
    """Look at every command line of this machine, again and again, while the block runs."""
    found: list[str] = []
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.02):
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    line = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
                except OSError:
                    continue
                if forms.text(line) != line:
                    found.append(line)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


def leaks(forms: Redactor, ended: Ended, *places: Path) -> list[str]:
    """Return the files and streams that have a secret in any form."""
    # A user in any URL is hidden too, known or not: that alone is no find.
    others = Redactor()
    found = ["the streams"] if forms.text(ended.said) != others.text(ended.said) else []
    for place in places:
        files = [place] if place.is_file() else place.rglob("*")
        for file in sorted(path for path in files if path.is_file()):
            if "secrets" in file.relative_to(place).parts:
                continue
            content = file.read_bytes()
            if forms.content(content) != others.content(content):
                found.append(str(file))
    return found


COMMANDS = (
    ("nox", "-s", "lint", "security", "--", "--fresh"),
    ("invoke", "pipeline", "--to=release"),
    ("invoke", "status"),
    ("invoke", "history", "--environment=staging"),
    ("invoke", "evidence.show"),
    ("invoke", "registry.inspect"),
    ("invoke", "report.show"),
    ("invoke", "services.logs", "--environment=staging"),
)


def test_a_run_to_production_leaves_no_secret_anywhere(
    released: dict[str, Any], planted: dict[str, str], tmp_path: Path
) -> None:
    """The whole run knew the secrets of the environments; these commands know more besides."""
    assert released["status"] == "passed"
    summary, found = tmp_path / "summary.md", new_workspace(engine=True)
    config = found.config
    places = [found.config.environment(name) for name in ("staging", "production")]
    states = [Site.open(found, place).state for place in places]
    known = [row for state in states for row in secrets.values(state).values()]
    assert len(known) >= 2 * len(NAMES)
    forms = Redactor(known)
    forms.hide_environment(planted)
    env = {
        **planted,
        "CI": "true",
        "TOWPATH_BRANCH": "release/e2e",
        "TOWPATH_ADVISORIES": os.environ.get("TOWPATH_ADVISORIES", ADVISORIES),
        "GITHUB_STEP_SUMMARY": str(summary),
    }
    for argv in COMMANDS:
        with watching(forms) as lines:
            ended = run(ROOT, sys.executable, "-m", *argv, env=env)

        assert ended.code == 0, forms.text(ended.said)
        assert lines == []
        assert leaks(forms, ended, ROOT / "reports", config.state, summary) == []
    assert "lint" in summary.read_text()


def test_tests_that_tell_all_they_know_tell_no_secret(
    checkout: Callable[[str], Path], planted: dict[str, str], tmp_path: Path
) -> None:
    """Neither on the terminal, nor in log, JUnit, records, evidence or summary."""
    target, state, summary = checkout("shop"), tmp_path / "state", tmp_path / "summary.md"
    folder = state / "towpath/staging/secrets-of-processes"
    folder.mkdir(parents=True)
    for number, name in enumerate(NAMES, 10):
        (folder / name).write_text(f"{WORD}{number}{'x7Kq' * 4}")
    known = [path.read_text() for path in folder.iterdir()]
    forms = Redactor(known)
    forms.hide_environment(planted)
    for place in ("tests/unit", "tests/app"):
        shutil.rmtree(target / place)
        (target / place).mkdir()
    failing = FAILING.format(state=str(state))
    commit(target, {"tests/app/test_planted.py": failing})
    env = {
        **LEAN,
        **planted,
        "TOWPATH_STATE": str(state),
        "TOWPATH_ENVIRONMENTS": str(ROOT / ".nox"),
        "TOWPATH_BRANCH": "main",
        "GITHUB_ACTIONS": "true",
        "GITHUB_STEP_SUMMARY": str(summary),
        "CI": "true",
    }
    with watching(forms) as lines:
        ended = run(target, sys.executable, "-m", "nox", "-s", "tests", env=env)

    assert ended.code == 1, forms.text(ended.said)
    assert "test_that_tells_everything" in ended.said and "***" in ended.said
    assert (
        "test_that_tells_everything"
        in (target / "reports/junit/tests").joinpath(f"{LEAN['TOWPATH_PYTHONS']}.xml").read_text()
    )
    assert lines == []
    assert leaks(forms, ended, target / "reports", state, summary) == []


def test_the_search_finds_what_is_planted(tmp_path: Path) -> None:
    """A check that could find nothing would prove nothing."""
    forms = Redactor([sentinel(1)])
    (tmp_path / "log").write_bytes(b"\xff" + sentinel(1).encode())
    said = Ended(0, f"x {sentinel(1)}", "")

    assert leaks(forms, said, tmp_path) == ["the streams", str(tmp_path / "log")]
    with watching(forms) as lines:
        run(tmp_path, "sh", "-c", "sleep 0.5", sentinel(1), env=dict(os.environ))
    assert lines
