"""What a project lacks for Towpath, each with the line to add. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from towpath.adoption import find_versions, rendering
from towpath.adoption.facts import NO_REPOSITORY, Detection, Tree
from towpath.adoption.plan import OWN, PYPROJECT, Change, has_settings
from towpath.config.model import Config

# What `python -m towpath lock` writes.
COMPILED, LOCK = "requirements-lock.txt", "./dev python -m towpath lock"
OK, MISSING, WRONG, NOTE = "ok", "missing", "wrong", "note"


@dataclass(frozen=True)
class Advice:
    """A line of the doctor's: what it looked at, how that is, and what to add where."""

    topic: str
    status: str
    text: str
    file: str = ""
    line: str = ""


def examine(
    tree: Tree, found: Detection, changes: list[Change], config: Config | None, error: str
) -> list[Advice]:
    """Return what is right, missing or wrong; `error` says why the settings are not valid."""
    rows = [*_files(tree, changes), *_django(found)]
    if error:
        rows.append(Advice("settings", WRONG, error, has_settings(tree) or PYPROJECT))
    if config is not None and has_settings(tree):
        rows += _settings(tree, found, config)
    rows += _surroundings(tree, found)
    rows += [Advice("files", NOTE, f"{row.where}: {row.value}") for row in found.problems]
    return rows


def _files(tree: Tree, changes: list[Change]) -> Iterator[Advice]:
    lacking = {change.file: change for change in changes}
    for name, change in lacking.items():
        yield Advice("files", MISSING, f"{name}: {change.why}", name, change.text.rstrip("\n"))
    for name in (has_settings(tree), "tasks.py", "noxfile.py", ".gitignore"):
        if name and name not in lacking:
            yield Advice("files", OK, f"{name} has what Towpath needs")


def _django(found: Detection) -> Iterator[Advice]:
    for topic, what in (("manage", "manage.py"), ("settings", "settings module of production")):
        rows = found.all(topic)
        if rows:
            yield Advice("django", OK, f"{what}: {rows[0].value} ({rows[0].where})")
        else:
            yield Advice("django", MISSING, f"There is no {what}.")
    for question in found.questions:
        names = ", ".join(row.value for row in question.candidates)
        yield Advice("django", NOTE, f"Several candidates for {question.topic}: {names}")


def _settings(tree: Tree, found: Detection, config: Config) -> Iterator[Advice]:
    file = has_settings(tree)
    start = "" if file == OWN else "tool.towpath."
    if tree.text(config.django.manage) is None:
        yield Advice(
            *("settings", WRONG, f"{start}django.manage is {config.django.manage!r}: no such file"),
            *(file, f'manage = "{found.value("manage")}"'),
        )
    if not config.version:
        line = f'version = "=={rendering.running_version()}"'
        yield Advice("settings", MISSING, "No version of Towpath is pinned.", file, line)
    yield from _variables(found, config, file, start)
    if not config.environments:
        line = f"[{start}environments.staging]\nport = {rendering.STAGING_PORT}"
        yield Advice("settings", MISSING, "No environment to deploy to.", file, line)


def _variables(found: Detection, config: Config, file: str, start: str) -> Iterator[Advice]:
    """Yield the variables that production's settings need and the configuration does not name."""
    known = {*config.django.secrets, *config.django.production, *config.product_env}
    secrets = [name for name in rendering.required_secrets(found) if name not in known]
    if secrets:
        rows = [f'{name} = "{{secret.{name.lower()}}}"' for name in secrets]
        line = "\n".join([f"in [{start}env]:", *rows])
        yield Advice("variables", MISSING, f"Secrets: {', '.join(secrets)}", file, line)
    others = [name for name in rendering.required_variables(found) if name not in known]
    if others:
        lines = [f'{name} = ""' for name in others]
        line = "\n".join([f"in [{start}env]:", *lines])
        text = f"Values for: {', '.join(others)}"
        yield Advice("variables", MISSING, text, file, line)


def _surroundings(tree: Tree, found: Detection) -> Iterator[Advice]:
    if not found.all("lock") and tree.text(COMPILED) is None:
        text = "No lock file: the versions of the dependencies are not fixed. A build wants one."
        yield Advice("dependencies", NOTE, text, COMPILED, LOCK)
    if found.value("git-prefix") == NO_REPOSITORY:
        yield Advice("git", MISSING, "The project is not in a git repository.", "", "git init")
    if row := next(iter(found.all("reports")), None):
        text = f"reports/ has files of the project ({row.value}); Towpath writes its reports there."
        yield Advice("files", NOTE, text)
    limit, marks = found.value("python-range"), found.values("classifier")
    if not _supported(limit, marks):
        allowed = limit or ", ".join(marks)
        oldest = rendering.PYTHONS[-1]
        text = f"The project allows Python {allowed}; Towpath runs on {oldest} or newer."
        yield Advice("python", NOTE, text)


def _supported(limit: str, marks: tuple[str, ...]) -> bool:
    """Tell whether the project runs on one of the Pythons that Towpath runs on."""
    if marks:
        return bool(set(marks) & set(rendering.PYTHONS))
    return not limit or bool(find_versions.allowed_minors(limit, rendering.PYTHONS))


def document(rows: list[Advice]) -> list[dict[str, str]]:
    """Return the advice as JSON has it."""
    return [
        {
            "topic": row.topic,
            "status": row.status,
            "text": row.text,
            "file": row.file,
            "line": row.line,
        }
        for row in rows
    ]
