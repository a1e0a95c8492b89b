"""The files of a project as a check sees them."""

from __future__ import annotations

from pathlib import Path

from tests.unit.checks.checked import project, workspace_of
from towpath.source import files as listed
from towpath.source.snapshot import SourceFiles


def test_only_what_is_there_is_listed(tmp_path: Path) -> None:
    """Git may know files that somebody deleted."""
    found = listed.listed(workspace_of(project(tmp_path), {}))

    assert found.files == ("app/a.py", "tests/test_a.py")
    assert found.entries(["tests/test_a.py", "app/a.py"])[0] == ("app/a.py", "100644 blob 0")


def test_what_was_seen_is_not_asked_again(tmp_path: Path) -> None:
    """A snapshot is enough."""
    (tmp_path / "run").write_bytes(b"#!/bin/sh\xff\nexit\n")
    workspace = workspace_of(tmp_path, {})

    found = listed.listed(workspace, SourceFiles("c", "t", files=(("run", "100755 blob 1"),)))

    assert found.files == ("run",)
    assert found.first_line("run") == "#!/bin/sh\N{REPLACEMENT CHARACTER}\n"


def test_a_link_is_known_by_what_it_leads_to(tmp_path: Path) -> None:
    """Git's hash is that of the path; a link that leads out is none of the project's files."""
    outside = tmp_path / "outside.py"
    root = tmp_path / "shop"
    root.mkdir()
    outside.write_text("secret = 1\n")
    (root / "a.py").write_text("x = 1\n")
    for name, target in (("in.py", "a.py"), ("out.py", "../outside.py"), ("self.py", "self.py")):
        (root / name).symlink_to(target)
    entries = [("a.py", "100644 blob 1")]
    entries += [(name, "120000 blob 2") for name in ("in.py", "out.py", "self.py")]

    workspace = workspace_of(root, {})
    before = listed.listed(workspace, SourceFiles("c", "t", files=tuple(entries)))
    (root / "a.py").write_text("x = 2\n")
    after = listed.listed(workspace, SourceFiles("c", "t", files=tuple(entries)))

    assert before.files == ("a.py", "in.py")
    assert before.outside == ("out.py", "self.py")
    assert before.about["in.py"] != after.about["in.py"]


def test_a_name_that_is_no_text_is_not_forgotten(tmp_path: Path) -> None:
    """Git says it in bytes that are none; the file cannot be opened by what was read."""
    workspace = workspace_of(project(tmp_path), {})
    (tmp_path / "real\ufffd.py").write_text("")
    names = ("b\ufffd.py", "real\ufffd.py", "gone.py")

    found = listed.listed(
        workspace, SourceFiles("c", "t", files=tuple((name, "100644 blob 1") for name in names))
    )

    assert found.files == ("real\ufffd.py",)
    assert found.unnamed == ("b\ufffd.py",)
