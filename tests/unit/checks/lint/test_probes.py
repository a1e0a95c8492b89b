"""Probes: what they look at, how it is told, and that what they could not look at is an error."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import Answer, QuietTerminal, TableRunner, outcome
from towpath import config
from towpath.checks.lint import probes
from towpath.config.workspace import Workspace
from towpath.core.errors import CommandFailedError, ConfigurationError, NothingToJudgeError
from towpath.core.findings import Finding
from towpath.core.runner import Outcome

WHOLE = '{"services": {}}'
VERSION = "Docker Compose version v2.26.1\n"
SETTINGS: dict[str, Any] = {
    "compose": "compose",
    "django": {"manage": "app/manage.py", "production": {"ENVIRONMENT": "x"}, "secrets": ["KEY"]},
    "environments": {"staging": {"port": 8081}},
}
FILES = {
    "compose/base.yaml": "services: {}\n",
    "compose/staging.yaml": "services: {}\n",
    "compose/ci.yaml": "services: {web: {image: '${IMAGE:?is set} ${OTHER} $${NO:?no}'}}\n",
    "compose/haproxy.cfg": "",
}


class Watched(TableRunner):
    """A runner that remembers the environment of each command."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        super().__init__(answers)
        self.given: list[dict[str, str]] = []

    def run(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, **how: Any
    ) -> Outcome:
        """Answer from the table."""
        self.given.append(dict(env or {}))
        return super().run(argv, env=env, **how)


def absent(argv: tuple[str, ...]) -> Outcome:
    """Answer as a program that is not there."""
    raise CommandFailedError(f"{argv[0]} is not installed or not on PATH.")


def workspace_of(root: Path, answers: Mapping[str, Answer]) -> tuple[Workspace, Watched]:
    """Return a session in a project with Compose files, and its runner."""
    for name, text in FILES.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    env = {"TOWPATH_ENGINE_DIR": str(root / "e"), "TOWPATH_STATE": str(root / "state")}
    runner = Watched(answers)
    settings = replace(config.parse(SETTINGS, root, {}), env=env)
    return Workspace(settings, runner, QuietTerminal()), runner


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return a directory whose name is short enough for an engine."""
    monkeypatch.setattr("towpath.engine.layout.LONGEST", 500)
    return tmp_path


def test_an_overlay_is_judged_as_it_is_deployed(root: Path) -> None:
    """With its base and the variables of a deployment; another file alone, with some value."""
    workspace, runner = workspace_of(root, {"compose version": VERSION, "config": WHOLE})
    names = [name for name in FILES if name.endswith(".yaml")]

    assert probes.overlays(workspace, names) == []

    lines = [line for line in runner.lines if "config" in line]
    assert [line.count("--file=") for line in lines] == [2, 1]
    assert "--file=compose/base.yaml --file=compose/staging.yaml" in lines[0]
    assert runner.given[-2]["TOWPATH_PORT"] == "8081"
    assert runner.given[-1] == {"IMAGE": "1"}


def test_files_that_no_deployment_uses_are_judged_alone(root: Path) -> None:
    """What is rendered for the environment says nothing of a file that is called like it."""
    workspace, runner = workspace_of(root, {"compose version": VERSION, "config": WHOLE})
    rendered = replace(workspace, config=replace(workspace.config, compose=""))

    assert probes.overlays(rendered, ["compose/base.yaml", "compose/staging.yaml"]) == []

    lines = [line for line in runner.lines if "config" in line]
    assert ["--file=compose/base.yaml" in lines[0], "--file=compose/staging.yaml" in lines[1]] == [
        True,
        True,
    ]
    assert [line.count("--file=") for line in lines] == [1, 1]


def test_what_compose_has_against_a_file_is_a_finding(root: Path) -> None:
    """In its own last words, on the overlay."""
    answers = {
        "compose version": VERSION,
        "staging.yaml": outcome(code=15, stderr="one\nrequired variable X is missing"),
    }
    workspace, _ = workspace_of(root, answers)

    assert probes.overlays(workspace, ["compose/base.yaml", "compose/staging.yaml"]) == [
        Finding("compose/staging.yaml", 0, "COMPOSE", "required variable X is missing")
    ]


@pytest.mark.parametrize(
    "ended", [outcome(), outcome("half", code=0), outcome(code=1), outcome(code=-9, stderr="x")]
)
def test_a_compose_that_says_neither_yes_nor_no_is_errored(root: Path, ended: Outcome) -> None:
    """Without the whole configuration it has judged nothing."""
    workspace, _ = workspace_of(root, {"compose version": VERSION, "staging.yaml": ended})

    with pytest.raises(NothingToJudgeError):
        probes.overlays(workspace, ["compose/staging.yaml"])


def test_the_compose_of_the_embedded_engine_serves_where_the_host_has_none(root: Path) -> None:
    """It is on disk though the engine does not run."""
    plugins = root / "e/state/root-x/usr/libexec/docker/cli-plugins"
    plugins.mkdir(parents=True)
    (plugins / "docker-compose").touch()
    workspace, runner = workspace_of(
        root, {"docker-compose version": "2.26.1-4\n", "docker compose": absent, "config": WHOLE}
    )

    assert probes.overlays(workspace, ["compose/staging.yaml"]) == []
    assert runner.lines[-1].startswith(f"{plugins}/docker-compose --project-name=app-staging")


@pytest.mark.parametrize("answer", [absent, outcome(code=1), "Podman 4.3\n"])
def test_no_compose_at_all_is_errored(root: Path, answer: Answer) -> None:
    """Exit code 2, with what to do."""
    workspace, _ = workspace_of(root, {"compose version": answer})

    with pytest.raises(ConfigurationError) as caught:
        probes.overlays(workspace, ["compose/staging.yaml"])

    assert "engine.up" in caught.value.next_step


def test_the_settings_are_judged_as_in_production(root: Path) -> None:
    """With the variables of pyproject.toml; a secret is another one each time."""
    said = "System check identified no issues (1 silenced).\n"
    workspace, runner = workspace_of(root, {"app/manage.py check": said})

    assert probes.django_deploy_check(workspace, ["app/a.py"]) == []
    assert probes.django_deploy_check(workspace, ["app/a.py"]) == []

    first, second = runner.given
    assert first["ENVIRONMENT"] == "x" and first["KEY"] != second["KEY"]
    assert len(first["KEY"]) > 50
    assert "--deploy --fail-level=WARNING" in runner.lines[0]


def test_a_missing_migration_is_a_finding(root: Path) -> None:
    """On the file that it would have."""
    said = "Migrations for 'a':\n  app/a/migrations/0002_x.py\n    + Add field x to y\n"
    workspace, _ = workspace_of(root, {"app/manage.py makemigrations": outcome(said, code=1)})

    (finding,) = probes.migrations(workspace, ["app/a.py"])

    assert finding.path == "app/a/migrations/0002_x.py"


KEPT = "Pure KEPT\nContracts: 1 kept, 0 broken.\n"
BROKEN = """\
Pure BROKEN
Contracts: 0 kept, 1 broken.
Pure
----
-   shop.prices -> os (l.3)
-   shop -> os (l.1)
-   far.off -> os (l.1)
"""


def test_an_import_that_breaks_a_contract_is_a_finding_on_its_file(root: Path) -> None:
    """Packages are below the root, beside manage.py, or in src; nothing is kept or coloured."""
    workspace, runner = workspace_of(root, {"lint-imports": outcome(BROKEN, code=1)})
    for name in ("app/shop/prices.py", "src/shop/__init__.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()

    found = probes.imports(workspace, [".importlinter"])

    assert [(row.path, row.line) for row in found] == [
        ("app/shop/prices.py", 3),
        ("src/shop/__init__.py", 1),
        (".importlinter", 0),
    ]
    program = Path(sys.executable).with_name("lint-imports")
    assert runner.lines == [f"{program} --no-logo --no-cache .importlinter"]
    assert runner.given[0]["PYTHONPATH"] == f"{root}:{root}/app:{root}/src"
    assert runner.given[0]["COLUMNS"] == "10000"
    assert runner.given[0]["HOME"] != str(Path.home())


def test_contracts_that_are_kept_are_clean_and_those_not_checked_are_errored(root: Path) -> None:
    """It ends with the same code for a broken contract and for one that it cannot read."""
    workspace, _ = workspace_of(root, {"lint-imports": KEPT})
    assert probes.imports(workspace, [".importlinter"]) == []

    workspace, _ = workspace_of(root, {"lint-imports": outcome("No root package.\n", code=1)})
    with pytest.raises(NothingToJudgeError) as caught:
        probes.imports(workspace, [".importlinter"])

    assert caught.value.why == "No root package."


def test_a_threshold_in_a_settings_file_is_a_finding(root: Path) -> None:
    """On its line."""
    workspace, _ = workspace_of(root, {})
    (root / "setup.cfg").write_text("[coverage]\nfail_under = 90\n")

    (finding,) = probes.architecture(workspace, ["compose/base.yaml", "setup.cfg"])

    assert (finding.path, finding.line, finding.code) == ("setup.cfg", 2, "TWP6")


def test_a_probe_writes_what_it_judged_and_found_as_one_document(root: Path) -> None:
    """On standard output, and nothing else there."""
    workspace, _ = workspace_of(root, {})
    terminal = workspace.terminal
    assert isinstance(terminal, QuietTerminal)
    (root / "tox.ini").write_text("x = --cov-fail-under=1 :x:\n")

    probes.probe(workspace, "architecture", ["tox.ini"])

    document = json.loads(terminal.written)
    assert document["judged"] == ["tox.ini"]
    assert document["findings"][0]["path"] == "tox.ini"
