"""What tests of the pipeline have alike: no engine has the state of their environments."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.state import keep_states_below


@pytest.fixture(autouse=True)
def _states(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the state of environments in directories of the test."""
    keep_states_below(tmp_path / "states", monkeypatch)
