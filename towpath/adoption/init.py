"""`init` and `doctor`: look at a project, ask what nothing decides, write what is missing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import towpath
from towpath.adoption import doctor as advising
from towpath.adoption import next_steps
from towpath.adoption import start as starting
from towpath.adoption.detect import detect
from towpath.adoption.facts import NO_REPOSITORY, OPTIONAL, Detection, Fact, Question
from towpath.adoption.plan import (
    APPEND,
    BY_HAND,
    CREATE,
    Change,
    Wanted,
    plan,
)
from towpath.adoption.view import Directory, find_git
from towpath.adoption.writing import write
from towpath.config import load
from towpath.config.model import Config
from towpath.core.errors import ConfigurationError, GateFailedError
from towpath.core.runner import Runner
from towpath.core.terminal import Terminal

TEMPLATES = ("dev.sh", "github.yml", "gitlab.yml")
_DONE = {CREATE: "created", APPEND: "extended", BY_HAND: "add by hand"}
_WOULD = {CREATE: "would create", APPEND: "would extend", BY_HAND: "add by hand"}
# Variables are counted in the list of what was found: a project may have hundreds.
_COUNTED = "variable"


@dataclass(frozen=True)
class Options:
    """What a person asked for. `answers` decide topics with several candidates."""

    root: Path
    answers: Mapping[str, str] = field(default_factory=dict)
    yes: bool = False
    as_json: bool = False
    check: bool = False
    workflow: str = ""
    start: bool = False
    python: str = ""


def init(terminal: Terminal, runner: Runner, options: Options) -> None:
    """Write the files that a project lacks, and say what was found and why.

    With `check` nothing is written. Raises ConfigurationError for a directory without a Django
    project and for a question that nobody answers, GateFailedError if `check` finds a difference.
    """
    tree = Directory(options.root)
    found = _require_project(_decided(terminal, tree, options), options)
    changes = plan(tree, found, Wanted(towpath.__version__, _templates(), options.workflow))
    started = _started(runner, options, found)
    if options.as_json:
        terminal.data(json.dumps(document(found, changes, started), indent=2))
    else:
        _show(terminal, options.root, found)
        _show_started(terminal, started)
    if not options.check:
        write(options.root, changes)
    if not options.as_json:
        _show_changes(terminal, changes, _WOULD if options.check else _DONE)
    if not options.as_json and not options.check:
        next_steps.show(terminal, tree, options.root, found.value("dockerfile"))
    if options.check:
        _require_complete(changes)


def _require_complete(changes: Sequence[Change]) -> None:
    """Raise GateFailedError for files that init would write."""
    files = [row.file for row in changes if row.kind != BY_HAND]
    if files:
        raise GateFailedError(
            f"The project lacks {len(files)} of the files that init writes: {', '.join(files)}.",
            next_step="Run: python -m towpath init",
        )


def doctor(terminal: Terminal, runner: Runner, options: Options, env: Mapping[str, str]) -> None:
    """Say what is missing or wrong in a project, with the line to add.

    Raises ConfigurationError if anything is.
    """
    tree = Directory(options.root)
    git = find_git(options.root)
    found = detect(tree, options.root.resolve().name, options.answers, git)
    changes = plan(tree, found, Wanted(towpath.__version__, _templates(), options.workflow))
    config, error = _config(options.root, env)
    rows = advising.examine(tree, found, changes, config, error)
    started = _started(runner, options, found) if found.value("settings") else None
    if started is not None:
        status = advising.NOTE if started.problem else advising.OK
        rows.append(advising.Advice("django", status, _sentence(started)))
    if options.as_json:
        terminal.data(json.dumps(advising.document(rows), indent=2))
    else:
        _show_advice(terminal, rows)
    count = sum(row.status in (advising.MISSING, advising.WRONG) for row in rows)
    if count:
        raise ConfigurationError(
            f"The doctor found {count} {'thing' if count == 1 else 'things'} to add or change.",
            next_step="Add the lines above; python -m towpath init writes the files.",
        )


def _show_advice(terminal: Terminal, rows: Sequence[advising.Advice]) -> None:
    for row in rows:
        terminal.data(f"{row.status:8} {row.topic:13} {row.text}")
        for line in row.line.splitlines():
            terminal.data(f"{'':22}   {line}")


def document(
    found: Detection, changes: Sequence[Change], started: starting.Started | None
) -> dict[str, Any]:
    """Return everything as the JSON document of `init --json`."""
    result: dict[str, Any] = {
        "found": [asdict(row) for row in found.facts],
        "questions": [asdict(row) for row in found.questions],
        "problems": [asdict(row) for row in found.problems],
        "changes": [asdict(row) for row in changes],
    }
    if started is not None:
        result["started"] = {"values": dict(started.values), "problem": started.problem}
    return result


def _templates() -> dict[str, str]:
    folder = Path(__file__).parent / "templates"
    return {name: (folder / name).read_text(encoding="utf-8") for name in TEMPLATES}


def _decided(terminal: Terminal, tree: Directory, options: Options) -> Detection:
    """Return the detection after every question is answered."""
    git, name = find_git(options.root), options.root.resolve().name
    answers = dict(options.answers)
    found = detect(tree, name, answers, git)
    while asked := next((row for row in found.questions if row.topic not in answers), None):
        answers[asked.topic] = _answer(terminal, asked, options)
        found = detect(tree, name, answers, git)
    return found


def _answer(terminal: Terminal, asked: Question, options: Options) -> str:
    names = [row.value for row in asked.candidates]
    if options.yes:
        return names[0]
    if options.as_json or options.check or not terminal.can_ask:
        raise ConfigurationError(
            f"There are {len(names)} candidates for {asked.topic}: {', '.join(names)}.",
            why="Nothing in the project's files decides between them.",
            next_step=f"Name one, as in --{asked.topic}={names[0]}, or take the first with --yes.",
        )
    terminal.say(f"There are {len(names)} candidates for {asked.topic}:")
    for number, row in enumerate(asked.candidates, 1):
        terminal.say(f"  {number}  {row.value}  {row.where}  {row.why}")
    word = terminal.ask(f"Number from 1 to {len(names)} [1]: ") or "1"
    return _numbered(names, word)


def _numbered(names: Sequence[str], word: str) -> str:
    known = {str(number): name for number, name in enumerate(names, 1)}
    if word not in known:
        raise ConfigurationError(f"{word!r} is not a number from 1 to {len(names)}.")
    return known[word]


def _require_project(found: Detection, options: Options) -> Detection:
    for topic, what in (("manage", "manage.py"), ("settings", "settings module")):
        if not found.value(topic):
            raise ConfigurationError(
                f"There is no {what} of a Django project in {options.root.resolve()} or below it.",
                why="; ".join(f"{row.where} {row.value}" for row in found.problems[:3]),
                next_step=f"Run the command in the project, or name it: --{topic}=...",
            )
    return found


def _started(runner: Runner, options: Options, found: Detection) -> starting.Started | None:
    if not options.start:
        return None
    python = starting.find_interpreter(options.root, runner.env, options.python)
    return starting.start(runner, options.root, found, python)


def _config(root: Path, env: Mapping[str, str]) -> tuple[Config | None, str]:
    """Return the project's configuration, or the reason why it is not valid."""
    from towpath.deployment.migrations.rules import CODES

    try:
        return load(root, env, CODES), ""
    except ConfigurationError as error:
        return None, " ".join(filter(None, (error.what, error.why)))


def _show(terminal: Terminal, root: Path, found: Detection) -> None:
    terminal.data(f"Found in {root.resolve()}:")
    for row in found.facts:
        if row.topic != _COUNTED and row.value != NO_REPOSITORY:
            why = ", ".join(filter(None, (row.where if row.where != "." else "", row.why)))
            terminal.data(f"  {row.topic:16} {row.value}  ({why})")
    if variables := found.all(_COUNTED):
        terminal.data(f"  {'variables':16} {_counted(variables)}")
    for row in found.problems:
        terminal.warn(f"{row.where} {row.value}")


def _counted(variables: Sequence[Fact]) -> str:
    needed = [f"{row.value} ({row.where})" for row in variables if row.why != OPTIONAL]
    tail = f", needed: {', '.join(needed)}" if needed else ", each with a default"
    return f"{len(variables)} read by the settings{tail}"


def _show_started(terminal: Terminal, started: starting.Started | None) -> None:
    if started is not None:
        terminal.data(f"  {'started':16} {_sentence(started)}")


def _sentence(started: starting.Started | None) -> str:
    if started is None or started.problem:
        return started.problem if started else ""
    values = started.values
    return (
        f"Django {values.get('django')} on Python {values.get('python')} starts:"
        f" {', '.join(values.get('databases', []))}; {', '.join(values.get('caches', []))}"
    )


def _show_changes(terminal: Terminal, changes: Sequence[Change], words: Mapping[str, str]) -> None:
    if not changes:
        terminal.say("Nothing to do: the project has everything that init writes.")
    for row in changes:
        terminal.data(f"{words[row.kind]}: {row.file} ({row.why})")
        if row.kind != CREATE or row.file.endswith(".toml"):
            for line in row.text.splitlines():
                terminal.data(f"    {line}" if line else "")
