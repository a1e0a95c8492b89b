"""What only the user who runs the engine may open."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from towpath.core import locks, private
from towpath.core.errors import ConfigurationError
from towpath.engine import clients
from towpath.engine.layout import Layout


@pytest.fixture(autouse=True, params=[0, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever the umask is."""
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    """Return the rights of a file."""
    return path.stat().st_mode & 0o777


def test_a_file_gets_its_rights_before_its_content(tmp_path: Path) -> None:
    """Also one that was there with others, and one that is a link: the link is replaced."""
    other, file = tmp_path / "other", tmp_path / "file"
    other.write_text("theirs")
    file.symlink_to(other)

    private.write_private(file, "secret")

    assert (file.read_text(), mode(file), other.read_text()) == ("secret", 0o600, "theirs")
    file.chmod(0o666)
    private.write_private(file, "again")
    assert (file.read_text(), mode(file)) == ("again", 0o600)
    assert sorted(row.name for row in tmp_path.iterdir()) == ["file", "other"]


def test_a_directory_is_closed_to_others(tmp_path: Path) -> None:
    """One that is new, and one that was open."""
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)

    for name in ("open", "new/below"):
        private.sole_directory(tmp_path / name)
        assert mode(tmp_path / name) == 0o700


@pytest.mark.parametrize("kind", ["a link", "a file", "below what all may write"])
def test_a_directory_that_another_could_own_is_refused(tmp_path: Path, kind: str) -> None:
    """Whoever made it could replace what is in it."""
    place = tmp_path / "shared" / "state"
    place.parent.mkdir()
    if kind == "a link":
        (tmp_path / "elsewhere").mkdir()
        place.symlink_to(tmp_path / "elsewhere")
    elif kind == "a file":
        place.touch()
    else:
        place.parent.chmod(0o777)

    with pytest.raises(ConfigurationError, match="is not a safe directory"):
        private.sole_directory(place)


def test_a_lock_is_closed_to_others(tmp_path: Path) -> None:
    """A lock that everybody may open can be held by everybody, for ever."""
    place = tmp_path / "lock"
    place.touch(0o666)
    place.chmod(0o644)

    with locks.Lock(place):
        assert mode(place) == 0o600
    place.unlink()
    with locks.Lock(place):
        assert mode(place) == 0o600


def test_a_lock_is_never_a_link(tmp_path: Path) -> None:
    """A link would make a file somewhere else."""
    (tmp_path / "lock").symlink_to(tmp_path / "victim")

    with pytest.raises(OSError):
        locks.Lock(tmp_path / "lock")
    assert not (tmp_path / "victim").exists()


def test_a_login_of_the_user_arrives_while_the_engine_runs(tmp_path: Path) -> None:
    """The config of the engine's clients is renewed, and the user's is only read."""
    own = Layout(tmp_path / "state", tmp_path / "run", 5001)
    private.sole_directory(own.client_config)
    private.write_private(own.password, "word")
    user = tmp_path / ".docker"
    user.mkdir()
    env = {"HOME": str(tmp_path), "DOCKER_CONFIG": str(own.client_config)}
    clients.write_config(own, env)
    first = (own.client_config / "config.json").read_text()
    (user / "config.json").write_text('{"auths": {"r": {"auth": "x"}}}')

    clients.write_config(own, env)

    second = (own.client_config / "config.json").read_text()
    assert '"r"' not in first and '"r"' in second
    assert "localhost:5001" in first and "localhost:5001" in second
    assert clients.user_folder(own, env) == user
    assert clients.user_folder(own, {"DOCKER_CONFIG": "/x"}) == Path("/x")
    with_engine = own.environment({"DOCKER_CONFIG": "/x"})
    assert clients.user_folder(own, with_engine) == Path("/x")
    assert clients.user_folder(own, {**with_engine, **own.environment(with_engine)}) == Path("/x")
