"""The stages of a run, in their order."""

from __future__ import annotations

import pytest

from towpath.pipeline.stages import stages_up_to


@pytest.mark.parametrize(
    ("reach", "names"),
    [
        ("scan", ["build", "scan"]),
        ("test", ["build", "scan", "promote-test", "deploy", "verify"]),
        (
            "release",
            [
                "build",
                "scan",
                "promote-test",
                "deploy",
                "verify",
                "promote-release",
                "deploy-production",
                "verify-production",
            ],
        ),
    ],
)
def test_the_plan(reach: str, names: list[str]) -> None:
    """The checks come first, and nothing is promoted or deployed beyond the reach."""
    found = [stage.name for stage in stages_up_to(reach)]

    assert found == ["lint", "tests", "integration", "security", *names]
