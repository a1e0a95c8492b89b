"""Which command runs the tests inside their image, and what its end means."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes import QuietTerminal, TableRunner
from towpath.config import parse
from towpath.config.workspace import Workspace
from towpath.core.errors import CommandFailedError, ConfigurationError, NothingToJudgeError
from towpath.operations.debug import image_tests
from towpath.operations.debug.image_tests import command_of

CMD = ["python", "-m", "pytest", "-p", "no:cacheprovider", "tests/app"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), [*CMD, "--tb=long"]),
        (("-k", "x", "--pdb"), [*CMD, "--tb=long", "-k", "x", "--pdb"]),
        (
            ("tests/app/test_api.py::test_x", "--pdb"),
            [*CMD[:-1], "--tb=long", "tests/app/test_api.py::test_x", "--pdb"],
        ),
        (("--tb=short",), [*CMD, "--tb=long", "--tb=short"]),
    ],
)
def test_the_images_own_command_gets_the_arguments(
    tmp_path: Path, arguments: tuple[str, ...], expected: list[str]
) -> None:
    """Paths take the place of its own paths; a later option of pytest goes before ours."""
    (tmp_path / "tests" / "app").mkdir(parents=True)

    assert command_of(CMD, arguments, tmp_path) == expected


@pytest.mark.parametrize("said", ["null\n", "[]\n", '["a", 1]', "{", '"pytest"'])
def test_an_image_without_a_command_is_said(tmp_path: Path, said: str) -> None:
    """Nothing is run in its place."""
    with pytest.raises(NothingToJudgeError) as caught:
        image_tests.own_command(workspace(tmp_path, said), "box:debug-testing")

    assert caught.value.what == "The image box:debug-testing has no command that runs its tests."


def test_the_command_of_an_image_is_read(tmp_path: Path) -> None:
    """As Docker writes it."""
    said = '["python","-m","pytest"]\n'

    found = image_tests.own_command(workspace(tmp_path, said), "box:debug-testing")

    assert found == ["python", "-m", "pytest"]


def test_services_that_are_given_are_not_started_again(tmp_path: Path) -> None:
    """Exit code 2, before anything is built."""
    given = workspace(tmp_path, "", TOWPATH_SERVICES="given")

    with pytest.raises(ConfigurationError) as caught:
        image_tests.run_tests(given, [])

    assert caught.value.what == "invoke debug.tests starts the services itself."
    assert isinstance(given.runner, TableRunner)
    assert given.runner.calls == []


@pytest.mark.parametrize(
    ("code", "what"),
    [
        (1, "The tests in the image box:x failed (exit code 1)."),
        (2, "The tests were stopped before their end."),
        (5, "The tests in the image box:x failed (exit code 5)."),
        (137, "The tests in the image box:x failed (exit code 137)."),
    ],
)
def test_only_zero_is_a_pass(code: int, what: str) -> None:
    """Whatever else the container ends with; `q` in the debugger is a 2."""
    image_tests.require_passed(0, "box:x")

    with pytest.raises(CommandFailedError) as caught:
        image_tests.require_passed(code, "box:x")

    assert caught.value.what == what


def workspace(root: Path, said: str, **env: str) -> Workspace:
    """Return a project whose images have this command."""
    found = parse({"name": "box"}, root, {"TOWPATH_STATE": str(root / "state"), **env})
    return Workspace(found, TableRunner({"image inspect": said}), QuietTerminal())
