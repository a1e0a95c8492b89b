"""Probes: linters of our own, which write one JSON document to standard output.

They look at what no linter knows: Compose files as the deployment joins them, the product's
settings in production, its models, its imports, the compiled requirements.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PurePath

from towpath.checks.lint import django_commands as django
from towpath.checks.lint import import_linter_commands as import_linter
from towpath.checks.lint import own_linters, thresholds
from towpath.checks.lint.lock_drift import lock_drift
from towpath.checks.lint.readers import django as django_reader
from towpath.checks.lint.readers import import_linter as import_linter_reader
from towpath.checks.lint.readers import pins as pins_reader
from towpath.config import Environment
from towpath.config.workspace import Workspace
from towpath.core import environment as variables_of
from towpath.core import tool_home as private
from towpath.core.errors import CommandFailedError, EngineAbsentError
from towpath.core.findings import Exclusion, Finding, FindingOrExclusion, ToolResult
from towpath.core.runner import Outcome
from towpath.engine.layout import layout
from towpath.environments import compose_commands as compose
from towpath.environments import compose_reader
from towpath.environments.compose_commands import Argv, Project
from towpath.environments.compose_project import project_name
from towpath.environments.environment import Release, variables
from towpath.rendering.files import compose_files
from towpath.source import requirements_reader as requirements

BASE = "base.yaml"


@dataclass(frozen=True)
class Compose:
    """The command and the variables with which Docker Compose starts on this machine."""

    start: tuple[str, ...] = ("docker", "compose")
    env: Mapping[str, str] = field(default_factory=dict)

    def argv(self, command: Argv) -> Argv:
        """Return a command that was built for `docker compose`."""
        return [*self.start, *command[2:]]


def probe(workspace: Workspace, name: str, files: Sequence[str]) -> None:
    """Run a probe, and print the checked files and the findings as JSON.

    Raises NothingToJudgeError, EngineAbsentError or CommandFailedError if the probe cannot run.
    """
    found = PROBES[name](workspace, files)
    document = {
        "judged": list(files),
        "findings": [asdict(row) for row in found if isinstance(row, Finding)],
        "exclusions": [asdict(row) for row in found if isinstance(row, Exclusion)],
    }
    workspace.terminal.data(json.dumps(document, indent=1))


def overlays(workspace: Workspace, files: Sequence[str]) -> list[Finding]:
    """Return the errors that Compose reports for the files, each as it is used.

    In the directory that the project runs with, the overlay of an environment is combined with the
    base file, with the variables of a deployment; any other file is checked alone, with
    placeholders for required variables. Raises EngineAbsentError without Docker Compose.
    """
    started = find_compose(workspace)
    environments = _overlays_of(workspace)
    found: list[Finding] = []
    for file in files:
        if environments and PurePath(file) == PurePath(workspace.config.compose, BASE):
            continue  # It is checked together with each overlay.
        project, env = _as_used(workspace, file)
        argv = started.argv(compose.config(project))
        ended = workspace.runner.run(argv, env={**started.env, **env}, check=False)
        found += compose_reader.config(_ran(ended, files), file)
    return found


def _overlays_of(workspace: Workspace) -> Mapping[PurePath, Environment]:
    """Return the environments by the overlays that the project has of its own."""
    config = workspace.config
    if not config.compose:
        return {}
    return {
        PurePath(config.compose, f"{name}.yaml"): row for name, row in config.environments.items()
    }


def _as_used(workspace: Workspace, file: str) -> tuple[Project, Mapping[str, str]]:
    if environment := _overlays_of(workspace).get(PurePath(file)):
        # No engine is asked: what is judged does not depend on the secrets.
        config = workspace.config
        project = Project(
            project_name(config, environment.name), compose_files(config, environment)
        )
        return project, variables(config, environment, Release(), {})
    text = (workspace.config.root / file).read_text(encoding="utf-8")
    return Project(workspace.config.name, (file,)), compose_reader.required(text)


def django_deploy_check(workspace: Workspace, files: Sequence[str]) -> list[Finding]:
    """Return the findings of `check --deploy` for the product's settings in production.

    Raises NothingToJudgeError if it cannot run.
    """
    config = workspace.config.django
    made_up = {name: secrets.token_urlsafe(64) for name in config.secrets}
    argv = django.check_deployment(workspace.config.tool_python, config.manage)
    ended = _manage(workspace, argv, {**config.production, **made_up})
    return django_reader.check(_ran(ended, files), config.manage)


def migrations(workspace: Workspace, files: Sequence[str]) -> list[Finding]:
    """Return the migrations that the product's models lack.

    Raises NothingToJudgeError if it cannot run.
    """
    config = workspace.config
    argv = django.missing_migrations(config.tool_python, config.django.manage)
    return django_reader.missing_migrations(_ran(_manage(workspace, argv, {}), files))


def _manage(workspace: Workspace, argv: Argv, env: Mapping[str, str]) -> Outcome:
    """Run the product's manage.py with the project's variables, without the user's settings."""
    config = workspace.config
    passed = variables_of.chosen(config.env, config.variables.get("lint", ()))
    passed |= config.variables_of_settings()
    with private.home() as home:
        return workspace.runner.run(argv, env={**home, **passed, **env}, check=False)


def requirements_drift(workspace: Workspace, files: Sequence[str]) -> list[Finding]:
    """Return the differences between requirements/*.in and the compiled files.

    Raises NothingToJudgeError if there are no requirements, or they cannot be read.
    """
    root = workspace.config.root
    return pins_reader.drift(
        {file: requirements.decode((root / file).read_bytes(), file) for file in files}
    )


def imports(workspace: Workspace, files: Sequence[str]) -> list[Finding]:
    """Return the imports that break a contract in .importlinter.

    Raises NothingToJudgeError if import-linter has no result.
    """
    root = workspace.config.root
    folders = [root, (root / workspace.config.django.manage).parent, root / "src"]
    argv = import_linter.check(workspace.config.tool_python)
    with private.home() as home:
        env = home | import_linter.variables(folders)
        ended = workspace.runner.run(argv, env=env, check=False)
    found = import_linter_reader.read_import_linter(_ran(ended, files))
    return [_on_its_file(row, root, folders) for row in found]


def _on_its_file(row: Finding, root: Path, folders: Sequence[Path]) -> Finding:
    """Return a finding about a module on the file of that, or on the contracts if it has none."""
    if row.path == import_linter_reader.CONTRACTS:
        return row
    inner = row.path.replace(".", "/")
    names = [f"{inner}.py", f"{inner}/__init__.py"]
    found = [folder / name for folder in folders for name in names if (folder / name).is_file()]
    if not found:
        return replace(row, path=import_linter_reader.CONTRACTS, line=0)
    return replace(row, path=found[0].relative_to(root).as_posix())


def architecture(workspace: Workspace, files: Sequence[str]) -> list[Finding]:
    """Return the thresholds outside towpath/gates.py, in files that are not Python."""
    root = workspace.config.root
    return [
        finding
        for file in files
        for finding in thresholds.find(file, (root / file).read_text(encoding="utf-8"))
    ]


PROBES: Mapping[str, Callable[[Workspace, Sequence[str]], Sequence[FindingOrExclusion]]] = {
    "compose": overlays,
    "django-deploy-check": django_deploy_check,
    "migrations": migrations,
    "imports": imports,
    "requirements-drift": requirements_drift,
    "lock-drift": lock_drift,
    "architecture": architecture,
    "ruff": own_linters.ruff,
    "ruff-format": own_linters.ruff_format,
    "pyright": own_linters.pyright,
}


def find_compose(workspace: Workspace) -> Compose:
    """Return the host's Docker Compose, or that of the embedded engine, running or not.

    Raises EngineAbsentError if there is neither.
    """
    env = workspace.config.env
    own = layout(env)
    roots = sorted(own.state.glob("root-*/usr/libexec/docker/cli-plugins/docker-compose"))
    for candidate in (
        Compose(),
        Compose(env=own.environment(env)),
        *(Compose((str(plugin),)) for plugin in roots),
    ):
        if _answers(workspace, candidate):
            return candidate
    raise EngineAbsentError(
        "Docker Compose is not installed; it is needed to check the Compose files.",
        why=f"`docker compose version` failed, and there is none in {own.state}.",
        next_step=(
            "Install Docker's Compose plugin (on Debian: apt-get install docker-compose). On a"
            " machine without Docker, `invoke engine.up` brings one."
        ),
    )


def _answers(workspace: Workspace, candidate: Compose) -> bool:
    try:
        ended = workspace.runner.run(
            candidate.argv(compose.version()), env=candidate.env, check=False
        )
    except CommandFailedError:
        return False
    return bool(compose_reader.version(_ran(ended, ("",))))


def _ran(ended: Outcome, files: Sequence[str]) -> ToolResult:
    return ToolResult(ended.code, ended.stdout, ended.stderr, len(files))
