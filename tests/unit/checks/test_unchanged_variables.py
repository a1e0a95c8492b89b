"""A check does not run again while no variable changed that reaches one of its tools."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.checks import test_unchanged
from tests.unit.checks.test_unchanged import CHECKS, holds, run, workspace_of

pytestmark = pytest.mark.door
template, root = test_unchanged.template, test_unchanged.root


@pytest.mark.parametrize("stage", CHECKS)
@pytest.mark.parametrize(
    ("name", "again"),
    [
        ("TZ", True),
        ("LC_ALL", True),
        ("TOWPATH_ENVIRONMENTS", True),
        ("PYTEST_ADDOPTS", False),
        ("MYPYPATH", False),
        ("OTHER", False),
    ],
)
def test_a_variable_that_reaches_a_tool_makes_every_check_run(
    root: Path, stage: str, name: str, again: bool
) -> None:
    """Evidence that was made with it does not hold without it; what reaches none is the same."""
    run(workspace_of(root, **{name: "x"}), stage)

    assert holds(workspace_of(root), stage) is not again


@pytest.mark.parametrize("name", ["https_proxy", "REQUESTS_CA_BUNDLE"])
def test_security_depends_on_how_its_sources_are_reached(root: Path, name: str) -> None:
    """Another proxy or another authority may give another answer; lint asks nobody."""
    for stage in ("security", "lint"):
        run(workspace_of(root, **{name: "x"}), stage)

    assert not holds(workspace_of(root), "security")
    assert holds(workspace_of(root), "lint")
