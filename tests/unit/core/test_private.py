"""State, locks and evidence are their owner's alone, whatever the umask was."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fakes import QuietTerminal, TableRunner
from tests.releases import record
from tests.state import DirectoryState
from tests.unit.deployment.world import World
from towpath import config
from towpath.config.workspace import Workspace
from towpath.core import locks, private
from towpath.core.errors import ConfigurationError
from towpath.environments import secrets
from towpath.environments import services as stack
from towpath.environments.environment import Site
from towpath.registry import push_lock as guard
from towpath.registry.client.uploads import UploadSessions

DIGEST = "sha256:" + "a" * 64


@contextmanager
def umask(bits: int) -> Iterator[None]:
    """Let new files and directories be made with this umask."""
    before = os.umask(bits)
    try:
        yield
    finally:
        os.umask(before)


def modes(root: Path) -> dict[str, int]:
    """Return the mode of everything below a directory, and of itself."""
    found = [root, *root.rglob("*")]
    return {str(path.relative_to(root)): path.stat().st_mode & 0o777 for path in found}


def expected(root: Path) -> dict[str, int]:
    """Return the modes of what only its owner may open."""
    found = [root, *root.rglob("*")]
    return {
        str(path.relative_to(root)): private.DIRECTORY if path.is_dir() else private.FILE
        for path in found
    }


@pytest.mark.parametrize("bits", [0o000, 0o022, 0o077, 0o277])
def test_state_is_its_owners_alone(tmp_path: Path, bits: int) -> None:
    """Locks, copies of secrets, and every directory that was made for them."""
    place = tmp_path / "state" / "app" / "staging"
    with umask(bits), locks.opened(place / "lock"):
        private.write_private(place / "other.jsonl", b"1")
        state = DirectoryState(tmp_path / "volume")
        state.write("secrets/token", b"x")
        secrets.copy(state, place / secrets.COPIES)
        UploadSessions(tmp_path / "state" / "app" / "uploads").remember("k", "p")

    assert modes(tmp_path / "state") == expected(tmp_path / "state")


@pytest.mark.parametrize("bits", [0o000, 0o022, 0o077])
def test_evidence_is_its_owners_alone(tmp_path: Path, bits: int) -> None:
    """Whoever could write it could say that a check passed."""
    workspace = Workspace(config.parse({}, tmp_path, {}), TableRunner(), QuietTerminal())
    with umask(bits):
        record(workspace, "lint", DIGEST)

    place = workspace.config.reports / "evidence"
    assert {"lint.json", "cache/lint/i.json"} <= set(modes(place))
    assert modes(place) == expected(place)


def test_what_was_open_to_others_is_closed(tmp_path: Path) -> None:
    """An earlier version made it so."""
    place = tmp_path / "staging"
    place.mkdir(mode=0o755)
    place.chmod(0o755)
    for name in ("lock", "journal.jsonl"):
        (place / name).touch()
        (place / name).chmod(0o644)

    private.directory(place)
    with locks.opened(place / "lock"):
        private.write_private(place / "journal.jsonl", b"1")

    assert modes(place) == expected(place)


def test_the_lock_of_pushes_is_its_owners_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is in the state directory of the project."""
    monkeypatch.setattr("towpath.engine.layout.LONGEST", 500)
    env = {"TOWPATH_STATE": str(tmp_path / "state"), "TOWPATH_ENGINE_DIR": str(tmp_path / "e")}
    workspace = Workspace(config.parse({}, tmp_path, env), TableRunner(), QuietTerminal())
    with umask(0o000), guard.pushing(workspace), pytest.raises(Exception, match="is pushing"):
        with guard.alone(workspace):
            pytest.fail("it prunes while something is pushed")

    assert modes(tmp_path / "state") == expected(tmp_path / "state")


def test_what_containers_read_is_behind_a_closed_directory(tmp_path: Path) -> None:
    """Secrets and the states of the proxy are read by users of other numbers than ours."""
    env = {"TOWPATH_STATE": str(tmp_path / "state")}
    table = {"env": {"KEY": "{secret.secret_key}"}, "environments": {"staging": {"port": 8081}}}
    workspace = Workspace(config.parse(table, tmp_path, env), World(), QuietTerminal())
    state = DirectoryState(tmp_path / "volume")
    site = Site(workspace, workspace.config.environment("staging"), World(), state)
    assert site.declared
    stack.prepare(site)

    found = modes(state.directory)
    assert found["backups"] == found["secrets"] == private.DIRECTORY
    assert found["secrets/secret_key"] == secrets.FILE_MODE
    assert (found["proxy"], found["proxy/haproxy.cfg"]) == (0o755, 0o644)


def test_a_link_in_place_of_a_lock_is_refused(tmp_path: Path) -> None:
    """Whatever it points at stays as it is."""
    (tmp_path / "target").write_text("precious")
    (tmp_path / "lock").symlink_to(tmp_path / "target")

    with pytest.raises(ConfigurationError) as caught:
        with locks.opened(tmp_path / "lock"):
            pytest.fail("it is open")

    assert caught.value.what == f"User {os.geteuid()} cannot open {tmp_path}/lock."
    assert (tmp_path / "target").read_text() == "precious"
