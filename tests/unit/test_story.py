"""The story in docs/adopting.md is what its record says, and the record what a run said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools import story
from tools.story import Typed


def test_the_page_tells_what_the_recorded_run_said() -> None:
    """If not: python -m tools.story."""
    rows = json.loads(story.RECORD.read_text(encoding="utf-8"))
    text = story.PAGE.read_text(encoding="utf-8")

    assert story.page(text, story.render(rows)) == text
    assert [row["command"] for row in rows] == [
        "uvx towpath init",
        "./dev python -m towpath lock",
        "./dev invoke pipeline",
        "./dev invoke pipeline",
        "./dev invoke rollback --environment=staging",
        "./dev invoke status",
    ]
    stages = [str(line).split(":")[0] for line in rows[2]["output"]]
    assert stages[-3:] == ["✓ promote-test", "✓ deploy", "✓ verify"]


def test_what_differs_from_run_to_run_is_not_in_a_record() -> None:
    """Times, sizes, paths and ports; digests and versions by the order in which they came."""
    digests = ["1f" * 32, "2e" * 32]
    said = (
        "Installed 28 packages in 549ms\nFound in /tmp/x/shop:\n"
        f"✓ build: sha256:{digests[0]} · linux/amd64 69.8 MB 195.8 s\n"
        f"  Read the contents\n✓ scan: sha256:{digests[0][:12]} 1.2 s\n"
        f"✓ deploy: sha256:{digests[1]} 0.0.0+gabcdef1.d0123abcd at http://127.0.0.1:39123 3 s\n"
    )

    row, short = story.record(
        [Typed("x", said), Typed("y", said, results=True)], Path("/tmp/x/shop"), 39123
    )

    assert row["output"] == [
        "Found in ~/shop:",
        "✓ build: sha256:111111111111 · linux/amd64 … MB",
        "  Read the contents",
        "✓ scan: sha256:111111111111",
        "✓ deploy: sha256:222222222222 0.0.0+g3333333.d12345678 at http://127.0.0.1:8081",
    ]
    assert len(short["output"]) == 3


def test_a_record_of_other_commands_is_refused() -> None:
    """So is a page without a place for the story."""
    with pytest.raises(ValueError, match="has 6 commands, the record 0"):
        story.render([])
    with pytest.raises(ValueError, match="has no lines"):
        story.page("# Your own project\n", "")
