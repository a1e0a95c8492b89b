"""The files of a project as a check sees them."""

from __future__ import annotations

from pathlib import Path

from tests.unit.flows.checked import project, session_of
from towpath.flows import listed
from towpath.flows.source import Snapshot


def test_only_what_is_there_is_listed(tmp_path: Path) -> None:
    """Git may know files that somebody deleted."""
    found = listed.listed(session_of(project(tmp_path), {}))

    assert found.files == ("app/a.py", "tests/test_a.py")
    assert found.entries(["tests/test_a.py", "app/a.py"])[0] == ("app/a.py", "100644 blob 0")


def test_what_was_seen_is_not_asked_again(tmp_path: Path) -> None:
    """A snapshot is enough."""
    (tmp_path / "run").write_bytes(b"#!/bin/sh\xff\nexit\n")
    session = session_of(tmp_path, {})

    found = listed.listed(session, Snapshot("c", "t", files=(("run", "100755 blob 1"),)))

    assert found.files == ("run",)
    assert found.first_line("run") == "#!/bin/sh\N{REPLACEMENT CHARACTER}\n"
