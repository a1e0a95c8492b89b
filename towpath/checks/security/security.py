"""Security: weaknesses in our code, secrets in files, and advisories for dependencies.

Licences are deliberately not checked: whether one is acceptable cannot be measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from towpath.checks import judge as judging
from towpath.checks import records
from towpath.checks.lint import linters_commands as linters
from towpath.checks.lint.linter import Linting
from towpath.checks.security import advisories, facts
from towpath.checks.security import secrets_reader as secrets
from towpath.config.workspace import Workspace
from towpath.core.errors import ConfigurationError, NothingToJudgeError
from towpath.rendering import files
from towpath.rendering import requirements as product
from towpath.source import requirements_reader as requirements
from towpath.source.files import listed

Pins = list[tuple[str, str]]


def security(workspace: Workspace, arguments: Sequence[str] = ()) -> None:
    """Run all three checks in parallel, and judge the results.

    Raises ConfigurationError, before anything runs, for unreadable pins, an invalid baseline or any
    argument; GateFailedError and NothingToJudgeError.
    """
    if arguments:
        raise ConfigurationError(
            f"The security session takes no arguments, such as {arguments[0]!r}.",
            why="It always checks all files and all dependencies.",
            next_step="To run it again without changes, use `nox -s security -- --fresh`.",
        )
    file, pins = _pins(workspace)
    secrets.baseline(facts.secrets_baseline(workspace.config))
    seen = records.begin(workspace, "security")
    found = listed(workspace, seen)
    for path in found.outside:
        workspace.terminal.warn(f"Not checking {path}: it is a link to a file outside the project.")
    linting = Linting(workspace, "security", found)
    with ThreadPoolExecutor() as pool:
        try:
            for asked in [
                pool.submit(_ask_advisories, workspace, file, pins),
                pool.submit(linting.run, linters.SECRETS),
                pool.submit(linting.run, linters.BANDIT),
            ]:
                asked.result()
        except BaseException:
            # Ctrl-C reaches this thread only, and no result is useful without the others.
            workspace.runner.stop()
            raise
    judging.judge(workspace, "security", facts.measure)


def _pins(workspace: Workspace) -> tuple[str, Pins]:
    """Return the pins of all dependencies of the product, direct and indirect, and their file."""
    name = product.audited(workspace, files.DIRECTORY)
    raw = (workspace.config.root / name).read_bytes()
    return name, requirements.read_requirements(requirements.decode(raw, name), name)


def _ask_advisories(workspace: Workspace, file: str, pins: Pins) -> None:
    """Record the advisories of the pins in a file, or why no source could be reached."""
    try:
        found = advisories.audit(workspace, pins)
    except NothingToJudgeError as error:
        records.write_document(
            workspace.config, "security", "advisories", {"reason": f"{error.what} {error.why}"}
        )
    else:
        document = {**found.as_json(), "file": file}
        records.write_document(workspace.config, "security", "advisories", document)
    workspace.terminal.say("  advisories: done")
