"""Commands for when something broke, as they are typed."""

from __future__ import annotations

from io import StringIO

import pytest
from invoke.context import Context
from invoke.program import Program
from invoke.tasks import Task

from tests.unit.tasks.test_surface import invoke, project
from towpath.tasks import parse_errors
from towpath.tasks.namespace import collection

__all__ = ["project"]

pytestmark = pytest.mark.usefixtures("project")


@pytest.mark.parametrize(
    ("argv", "name", "instead"),
    [
        (
            ["services.shell", "--service=web"],
            "invoke services.shell",
            "invoke services.logs --service=web",
        ),
        (
            ["debug.shell", "--target=testing"],
            "invoke debug.shell",
            "invoke debug.build --target=testing",
        ),
        (
            ["debug.shell", "--service=web", "--environment=staging"],
            "invoke debug.shell",
            "invoke services.logs --environment=staging --service=web",
        ),
        (
            ["debug.tests", "--", "-k", "x", "--pdb"],
            "invoke debug.tests",
            "nox -s integration, or nox -s tests -- app",
        ),
        (
            ["debug.database", "--environment=staging"],
            "invoke debug.database",
            "invoke debug.database --command='SELECT ...'",
        ),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, list) else "",
)
def test_without_a_terminal_it_says_so(
    capsys: pytest.CaptureFixture[str], argv: list[str], name: str, instead: str
) -> None:
    """Exit code 2, before an engine is looked for."""
    code, out, err = invoke(capsys, *argv)

    assert (code, out) == (2, "")
    assert err.splitlines()[0] == f"ERROR {name} needs a terminal."
    assert err.splitlines()[-1] == f"next: {instead}"


def test_words_after_the_dashes_stay_as_they_were_typed() -> None:
    """Blanks and quotes in one word, which Invoke alone would join to one text."""
    seen: list[list[str]] = []

    def words(c: Context) -> None:
        """Keep them."""
        seen.append(parse_errors.after_dashes(c))

    namespace = collection()
    namespace.add_task(Task(words))
    program = Program(namespace=namespace, version="0")
    program.run(["invoke", "words", "--", "-k", "one or 'two'", "--pdb", "--", ""], exit=False)
    program.run(["invoke", "words"], exit=False)

    assert seen == [["-k", "one or 'two'", "--pdb", "--", ""], []]


def test_an_empty_password_is_refused_before_an_engine_is_looked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2; as where a variable of a CI job is not set."""
    monkeypatch.setattr("sys.stdin", StringIO("\n"))

    code, out, err = invoke(capsys, "registry.login", "--user=ci")

    assert (code, out) == (2, "")
    assert err.splitlines()[0] == "ERROR No password was entered."
