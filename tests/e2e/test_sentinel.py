"""Secrets planted wherever a run knows one appear in no file, no stream and no process list."""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.conftest import LEAN, ROOT, Ended, commit, invoke, run
from towpath.clients import secrets
from towpath.redaction import Redactor

# Made here, so that none of them is in a file of the repository.
WORD = "sEnT1nel"
NAMES = (
    "GITHUB_TOKEN",
    "CI_JOB_TOKEN",
    "SHOP_API_KEY",
    "TOWPATH_DASHBOARD_TOKEN",
    "DEPLOY_PASSWORD",
)
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
    texts = [path.read_text() for path in STATE.glob("*/secrets/*")]
    texts += [*os.environ.values(), *json.loads(pathlib.Path({words!r}).read_text())]
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
    found = ["the streams"] if forms.text(ended.said) != ended.said else []
    for place in places:
        for file in sorted(path for path in place.rglob("*") if path.is_file()):
            if "secrets" in file.relative_to(place).parts:
                continue
            content = file.read_bytes()
            if forms.content(content) != content:
                found.append(str(file))
    return found


def test_planted_secrets_appear_nowhere(
    checkout: Callable[[str], Path], planted: dict[str, str], tmp_path: Path
) -> None:
    """A run to staging, then one whose tests say all that they know and fail."""
    target, state, summary = checkout("shop"), tmp_path / "state", tmp_path / "summary.md"
    own = (target / "pyproject.toml").read_text().replace("port = 808", "port = 818")
    commit(target, {"pyproject.toml": own.replace("port = 8000", "port = 18000")})
    for environment in ("testing", "staging"):
        folder = state / "sentinel" / environment / "secrets"
        folder.mkdir(parents=True)
        for number, name in enumerate(secrets.NAMES, 10):
            (folder / name).write_text(f"{WORD}{number}{environment}{'x7Kq' * 4}")
    known = [path.read_text() for path in state.rglob("secrets/*")]
    forms = Redactor(known)
    forms.hide_environment(planted)
    env = {
        **LEAN,
        **planted,
        "TOWPATH_NAME": "sentinel",
        "TOWPATH_REPOSITORY": "towpath/sentinel",
        "TOWPATH_STATE": str(state),
        "TOWPATH_ENVIRONMENTS": str(ROOT / ".nox"),
        "TOWPATH_ADVISORIES": str(ROOT / "tests/fixtures/advisories"),
        "TOWPATH_BRANCH": "main",
        "GITHUB_ACTIONS": "true",
        "GITHUB_STEP_SUMMARY": str(summary),
        "CI": "true",
    }
    try:
        with watching(forms) as lines:
            ended = invoke(target, "pipeline", **env)
        assert ended.code == 0, forms.text(ended.said)
        assert lines == []
        assert leaks(forms, ended, target / "reports", state, summary.parent) == []

        words = tmp_path / "words.json"
        words.write_text(json.dumps([*known, *planted.values()]))
        commit(
            target,
            {"tests/app/test_planted.py": FAILING.format(state=str(state), words=str(words))},
        )
        with watching(forms) as lines:
            ended = run(target, *("nox", "-s", "tests"), env=env)
        words.unlink()

        assert ended.code == 1, forms.text(ended.said)
        assert "test_that_tells_everything" in ended.said and "***" in ended.said
        assert lines == []
        assert leaks(forms, ended, target / "reports", state, summary.parent) == []
    finally:
        for environment in ("testing", "staging"):
            invoke(target, "services.down", f"--environment={environment}", "--volumes", **env)


def test_the_search_finds_what_is_planted(tmp_path: Path) -> None:
    """A check that could find nothing would prove nothing."""
    forms = Redactor([sentinel(1)])
    (tmp_path / "log").write_bytes(b"\xff" + sentinel(1).encode())
    said = Ended(0, f"x {sentinel(1)}", "")

    assert leaks(forms, said, tmp_path) == ["the streams", str(tmp_path / "log")]
    with watching(forms) as lines:
        run(tmp_path, "sh", "-c", "sleep 0.5", sentinel(1), env=dict(os.environ))
    assert lines
