"""What mutmut left is counted strictly: a mutant that was neither found nor missed is no score."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.mutation.__main__ import Module, read
from towpath.core.errors import NothingToJudgeError

STATUSES = {0: "survived", 1: "killed", 33: "no tests", 36: "timeout", None: "not checked"}


def leave(root: Path, name: str, **codes: int | None) -> None:
    """Write what mutmut writes of a module."""
    file = root / f"{name}.meta"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"exit_code_by_key": codes}))


def test_what_no_test_found_survived(tmp_path: Path) -> None:
    """So did what no test reaches; a test that never ends has found it. No mutant is no module."""
    leave(tmp_path, "towpath/gates.py", a=1, b=0, c=33, d=36)
    leave(tmp_path, "towpath/checks/__init__.py")

    (found,) = read(tmp_path, STATUSES)

    assert found == Module("towpath/gates.py", 4, ("b", "c"))
    assert found.score == 50


def test_mutants_that_were_left_give_no_score(tmp_path: Path) -> None:
    """An interrupted run is not a good one."""
    leave(tmp_path, "towpath/gates.py", a=1, b=None)

    with pytest.raises(NothingToJudgeError, match="not checked"):
        list(read(tmp_path, STATUSES))


def test_no_result_gives_no_score(tmp_path: Path) -> None:
    """Neither does a run that left nothing."""
    with pytest.raises(NothingToJudgeError, match="no result"):
        list(read(tmp_path, STATUSES))
