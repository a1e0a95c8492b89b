"""Security: weaknesses in our code, secrets in the tree, advisories on what the product needs.

Licences are left out on purpose: whether one may be used is no measurement.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from towpath.checks import judge as judging
from towpath.checks import records
from towpath.checks.lint import linters_commands as linters
from towpath.checks.lint.linter import Linting
from towpath.checks.lint.readers import requirements
from towpath.checks.security import advisories, facts
from towpath.checks.security import secrets_reader as secrets
from towpath.config.workspace import Workspace
from towpath.core.errors import ConfigurationError, NothingToJudgeError
from towpath.source.files import listed

Pins = list[tuple[str, str]]


def security(workspace: Workspace, arguments: Sequence[str] = ()) -> None:
    """Ask all three side by side, whatever one of them says; then judge.

    Raises ConfigurationError, before anything runs, for pins or a baseline that cannot be read, and
    for any argument.
    """
    if arguments:
        raise ConfigurationError(
            f"The security session takes no arguments, such as {arguments[0]!r}.",
            why="It judges the whole tree and all that the product needs, or nothing.",
            next_step="`nox -s security -- --fresh` asks again though nothing changed.",
        )
    pins = _pins(workspace)
    secrets.baseline(facts.secrets_baseline(workspace.config))
    seen = records.begin(workspace, "security")
    found = listed(workspace, seen)
    for path in found.outside:
        workspace.terminal.warn(
            f"{path} is a link that leads out of the project: it is not judged."
        )
    linting = Linting(workspace, "security", found)
    with ThreadPoolExecutor() as pool:
        try:
            for asked in [
                pool.submit(_ask_advisories, workspace, pins),
                pool.submit(linting.run, linters.SECRETS),
                pool.submit(linting.run, linters.BANDIT),
            ]:
                asked.result()
        except BaseException:
            # Ctrl-C reaches this thread alone, and an answer is worth nothing without the others.
            workspace.runner.stop()
            raise
    judging.judge(workspace, "security", facts.measure)


def _pins(workspace: Workspace) -> Pins:
    """Return all that is installed into the product: what it needs, and what that needs in turn."""
    file = workspace.config.root / "requirements" / "production.txt"
    if not file.is_file():
        raise ConfigurationError(
            "There is no requirements/production.txt: what the product needs is not known.",
            next_step="Write requirements/production.in, then run ./dev nox -s requirements",
        )
    return requirements.read_requirements(
        requirements.decode(file.read_bytes(), file.name), file.name
    )


def _ask_advisories(workspace: Workspace, pins: Pins) -> None:
    """Keep what a source of advisories said, or why none could be asked."""
    try:
        found = advisories.audit(workspace, pins)
    except NothingToJudgeError as error:
        records.write_document(
            workspace.config, "security", "advisories", {"reason": f"{error.what} {error.why}"}
        )
    else:
        records.write_document(workspace.config, "security", "advisories", found.as_json())
    workspace.terminal.say("  advisories ended")
