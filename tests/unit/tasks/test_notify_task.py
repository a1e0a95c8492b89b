"""`invoke notify`, as people type it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.misbehaving import free_port
from tests.unit.operations.receivers import receiving
from tests.unit.tasks.test_surface import invoke

pytestmark = pytest.mark.door

TABLE = """[tool.towpath]
[tool.towpath.notify.team]
kind = "slack"
events = ["failed"]
url-env = "TEAM_HOOK"
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project with one target, as the working directory."""
    (tmp_path / "pyproject.toml").write_text(TABLE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOWPATH_STATE", str(tmp_path / "state"))
    monkeypatch.delenv("TEAM_HOOK", raising=False)
    # A narrow terminal breaks the cells of a table.
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def test_a_target_without_its_variable(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is shown, and a message ends with 2."""
    shown = invoke(capsys, "notify")
    tested = invoke(capsys, "notify", "--test")

    assert shown[0] == 0
    assert "TEAM_HOOK is not set" in shown[1]
    assert tested[0] == 2
    assert "why: TEAM_HOOK is not set: the url of this target belongs there." in tested[2]


def test_a_message_arrives_or_ends_with_5(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the address is nowhere to be seen."""
    with receiving() as receiver:
        monkeypatch.setenv("TEAM_HOOK", receiver.url)
        sent = invoke(capsys, "notify", "--message=hello", "--target=team")
    monkeypatch.setenv("TEAM_HOOK", f"http://127.0.0.1:{free_port()}/sentinel-x7Kq9")
    lost = invoke(capsys, "notify", "--test")
    unknown = invoke(capsys, "notify", "--test", "--target=taem")

    assert (sent[0], lost[0], unknown[0]) == (0, 5, 2)
    assert receiver.requests[0].document["text"] == "hello"
    assert "Not notified: team (slack): ConnectionError" in lost[2]
    assert "Did you mean 'team'?" in unknown[2]
    assert "x7Kq" not in "".join((*sent[1:], *lost[1:], *unknown[1:]))
