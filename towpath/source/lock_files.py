"""Lock files of uv, Poetry, PDM and Pipenv: exported, and compared with their project.

Each is read by the tool that wrote it, in an environment of its own with pins of the package.
"""

from __future__ import annotations

import sys
from pathlib import Path

from towpath.config.workspace import Workspace
from towpath.core import environment
from towpath.core.errors import CommandFailedError, NothingToJudgeError
from towpath.core.runner import Outcome
from towpath.source import lock_files_commands as commands
from towpath.source import tool_env as tools
from towpath.source.lock_files_commands import Selection


def find(root: Path, *folders: str) -> str:
    """Return the first lock file in these directories of a project; empty where there is none."""
    places = ((Path(folder) / name).as_posix() for folder in folders for name in commands.TOOLS)
    return next((place for place in places if (root / place).is_file()), "")


def export(workspace: Workspace, file: str, selection: Selection) -> str:
    """Return what a lock file says, as the text of a file of requirements with hashes.

    Raises CommandFailedError if its tool fails, as it does for one that is out of date.
    """
    target = workspace.config.reports / "checks" / f"{Path(file).name}.txt"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    programs = _programs(workspace, file)
    ended = _run(workspace, commands.export(programs, file, selection, str(target)), file)
    if not ended.ok:
        raise CommandFailedError(
            f"Cannot export {file}.",
            why=ended.tail(),
            next_step=f"Lock again with {commands.tool_of(file)}, and commit {file}.",
        )
    return target.read_text(encoding="utf-8") if target.is_file() else ended.stdout


def out_of_date(workspace: Workspace, file: str) -> str:
    """Return why a lock file is not that of its project any more, as its tool says; else empty.

    Raises NothingToJudgeError where the tool cannot say.
    """
    ended = _run(workspace, commands.check(_programs(workspace, file), file), file)
    said, tool = ended.tail(), commands.tool_of(file)
    if ended.ok or commands.OUT_OF_DATE[tool] in ended.stdout + ended.stderr:
        return "" if ended.ok else said or f"{tool} says so."
    raise NothingToJudgeError(f"{tool} cannot compare {file} with its project.", why=said)


def _programs(workspace: Workspace, file: str) -> dict[str, str]:
    found, tool = {"python": sys.executable}, commands.tool_of(file)
    if tool != commands.UV:
        found[tool] = f"{tools.environment(workspace, tool)}/bin/{tool}"
    return found


def _run(workspace: Workspace, argv: list[str], file: str) -> Outcome:
    config = workspace.config
    env = environment.of_installers(config.env) | tools.UV
    # Pipenv looks for the Pipfile by a variable, and would make an environment.
    env |= {"PIPENV_PIPFILE": str(config.root / Path(file).with_name("Pipfile"))}
    env |= {"PIPENV_IGNORE_VIRTUALENVS": "1", "PIPENV_NOSPIN": "1"}
    return workspace.runner.run(argv, env=env, cwd=config.root, check=False)
