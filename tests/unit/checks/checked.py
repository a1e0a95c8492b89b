"""A small project and tools that answer from a table, for the tests of the checks."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

from tests.fakes import Answer, QuietTerminal, TableRunner, outcome
from towpath import config
from towpath.config.workspace import Workspace
from towpath.core.runner import Outcome
from towpath.evidence import record as stages
from towpath.evidence.statement import Statement
from towpath.source import snapshot as source

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
PYPROJECT = """
[project]
classifiers = [
    "Framework :: Django :: 5.2",
    "Programming Language :: Python :: 3",
    "Programming Language :: Python :: 3.11",
    "Programming Language :: Python :: 3.12",
    "Programming Language :: Python :: 3.13",
]
"""
SOURCE: dict[str, Answer] = {
    "rev-parse": f"{'c' * 40}\n{'t' * 40}\n",
    "add --all": "",
    "write-tree": f"{'t' * 40}\n",
    "ls-tree": "".join(
        f"100644 blob {number}\t{name}\0"
        for number, name in enumerate(("app/a.py", "tests/test_a.py", "gone.py"))
    ),
    "tag --points-at": "",
    "symbolic-ref": "main\n",
    "log -1": "1\n",
    "config --get": outcome(code=1),
}
METRICS = {"_totals": {}, "app/a.py": {}}
CLEAN: dict[str, Answer] = {
    "-m mypy": "Success: no issues found in 1 source file\n",
    "-m flake8": "2          total files processed\n",
    "-m bandit": json.dumps({"errors": [], "metrics": METRICS, "results": []}),
    "-m black": outcome(stderr="2 files would be left unchanged.\n"),
    "-m towpath.checks.tools.imports": "SUCCESS: a Everything Looks Good!\n"
    "SUCCESS: b Everything Looks Good!\n",
    "-m towpath.checks.tools.complexity cc": json.dumps(
        {"app/a.py": [{"type": "function", "name": "f", "lineno": 1, "complexity": 4}]}
    ),
    "-m towpath.checks.tools.complexity mi": json.dumps({"app/a.py": {"mi": 80.0, "rank": "A"}}),
    "probe django-deploy-check": json.dumps({"judged": ["app/a.py"], "findings": []}),
    "probe migrations": json.dumps({"judged": ["app/a.py"], "findings": []}),
}
# What the small project does not have.
ABSENT = ["compose", "dockerfile", "requirements", "settings", "shell", "workflows"]
NO_SECRETS: dict[str, Answer] = {
    "-m detect_secrets": outcome(
        stderr="".join(
            f"[scan]\tINFO\tChecking file: {name}\n" for name in ("app/a.py", "tests/test_a.py")
        )
    )
}
WEAK = {
    "filename": "app/a.py",
    "line_number": 1,
    "test_id": "B602",
    "issue_text": "shell=True",
    "issue_severity": "HIGH",
}
SHELL = outcome(
    json.dumps({"errors": [], "metrics": METRICS, "results": [WEAK]}),
    code=1,
)


def project(place: Path) -> Path:
    """Make a project with a module, a test and pins, and return its root."""
    for name, text in (
        ("app/a.py", ""),
        ("tests/test_a.py", ""),
        ("pyproject.toml", PYPROJECT),
        ("requirements/production.txt", "django==5.2.1 \\\n    --hash=sha256:00\n"),
        ("requirements/safety.txt", "safety==2.3.5\n"),
        ("requirements/pip-audit.txt", "pip-audit==2\n"),
    ):
        file = place / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    return place


def workspace_of(
    root: Path, answers: dict[str, Answer], env: dict[str, str] | None = None
) -> Workspace:
    """Return a session in the project whose commands answer so."""
    runner = TableRunner({**SOURCE, **answers})
    return Workspace(config.parse({"absent": ABSENT}, root, env or {}), runner, QuietTerminal(env))


def said(workspace: Workspace) -> str:
    """Return all that the session's terminal told and wrote."""
    terminal = workspace.terminal
    assert isinstance(terminal, QuietTerminal)
    return terminal.said + terminal.written


def calls(workspace: Workspace) -> list[str]:
    """Return the lines of the commands that ran."""
    runner = workspace.runner
    assert isinstance(runner, TableRunner)
    return runner.lines


def evidence(workspace: Workspace, stage: str) -> Statement:
    """Return the statement that a check wrote."""
    return stages.require(workspace.config, stage)


def source_of(workspace: Workspace) -> source.SourceSnapshot:
    """Return the source as git answers."""
    return source.read_source(workspace)


CASE = '<testcase classname="m" name="a">{}</testcase>'
GOOD_XML = f'<testsuite tests="1" failures="0" errors="0">{CASE.format("")}</testsuite>'
BAD_XML = f'<testsuite tests="1" failures="1" errors="0">{CASE.format("<failure/>")}</testsuite>'


def pytest_that(report: str, code: int = 0) -> Callable[[tuple[str, ...]], Outcome]:
    """Return a pytest that writes this report and ends with this code."""

    def run(argv: tuple[str, ...]) -> Outcome:
        (junit,) = [part.split("=", 1)[1] for part in argv if part.startswith("--junit-xml")]
        Path(junit).parent.mkdir(parents=True, exist_ok=True)
        if report:
            Path(junit).write_text(report)
        (Path(junit).parents[2] / "coverage" / Path(junit).parent.name / "data-x").touch()
        return outcome(code=code)

    return run
