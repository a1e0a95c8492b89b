"""The root and the images are whole or not there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes import outcome
from tests.unit.engine.starter import TableStarter
from towpath.core.errors import CommandFailedError
from towpath.core.runner import Outcome
from towpath.engine import assembly, daemon, machine
from towpath.engine.assembly import Recipe
from towpath.engine.layout import Layout

MADE = Recipe("amd64", "arm64", (), "aaaa", "bbbb")
NO_PROXIES = {"apt-config": ""}


@pytest.fixture
def own(tmp_path: Path) -> Layout:
    state = tmp_path / "state"
    state.mkdir()
    return Layout(state, tmp_path / "run")


def unpacks(own: Layout, *, code: int = 0) -> Callable[[tuple[str, ...]], Outcome]:
    """Return what mmdebstrap leaves behind: a directory under the name of the half-made root."""

    def answer(_argv: tuple[str, ...]) -> Outcome:
        (own.state / "root-aaaa.part/usr").mkdir(parents=True)
        return outcome(code=code)

    return answer


def test_root_gets_its_name_when_it_is_whole(own: Layout) -> None:
    """A root is made under another name, renamed at the end, and the old one is gone."""
    (own.state / "root-old/usr").mkdir(parents=True)

    assembly.unpack(own, MADE, TableStarter(NO_PROXIES | {"sh -c": unpacks(own)}))

    assert [path.name for path in own.state.glob("root-*")] == ["root-aaaa"]


def test_a_half_made_root_is_no_root(own: Layout) -> None:
    """When unpacking fails there is no root under the final name, and the next try starts anew."""
    runner = TableStarter(NO_PROXIES | {"sh -c": unpacks(own, code=1)})

    with pytest.raises(CommandFailedError):
        assembly.unpack(own, MADE, runner)

    assert not own.root("aaaa").exists()
    assembly.unpack(own, MADE, TableStarter(NO_PROXIES | {"sh -c": unpacks(own)}))
    assert own.root("aaaa").is_dir()


def test_what_is_there_is_not_made_again(own: Layout) -> None:
    """With root and images of this recipe nothing runs."""
    own.root("aaaa").mkdir()
    (own.state / "registry").mkdir()
    own.images.write_text("bbbb")
    runner = TableStarter()

    assembly.unpack(own, MADE, runner)

    assert runner.lines == []
    assert assembly.images_current(own, MADE)


def test_another_recipe_makes_new_images_and_keeps_the_root(own: Layout) -> None:
    """Only the archives for the images are fetched when only their recipe has changed."""
    own.root("aaaa").mkdir()
    (own.state / "registry").mkdir()
    own.images.write_text("older")
    runner = TableStarter(NO_PROXIES | {"sh -c": ""})

    assembly.unpack(own, MADE, runner)

    assert runner.lines[-1].startswith("sh -c { true; } & left=$!; { mmdebstrap")
    assert not assembly.images_current(own, MADE)


@pytest.mark.parametrize("pushed", [True, False])
def test_images_are_marked_only_when_the_registry_has_them(
    own: Layout, monkeypatch: pytest.MonkeyPatch, pushed: bool
) -> None:
    """The build's exit code is not believed: every name is read back before the mark is set."""
    asked: list[str] = []

    def registry(_port: int, path: str) -> bool:
        asked.append(path)
        return pushed

    authorities = own.state / "ca"
    authorities.write_text("certificates")
    monkeypatch.setattr(machine, "AUTHORITIES", authorities)
    monkeypatch.setattr(daemon, "registry_answers", registry)
    assembly.context(own).mkdir()
    runner = TableStarter(NO_PROXIES | {"docker buildx bake": ""})

    if pushed:
        assembly.build(own, MADE, runner)
    else:
        with pytest.raises(CommandFailedError, match="python:3.13-slim"):
            assembly.build(own, MADE, runner)

    assert asked[0] == "/v2/library/python/manifests/3.13-slim"
    assert own.images.is_file() is pushed


def test_recipe_changes_with_the_hosts_authorities(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Images carry the host's certificates, so new certificates mean new images, not a new root."""
    this = machine.Machine("linux", frozenset({"debian"}), 0, "x86_64")
    authorities = tmp_path / "ca"
    monkeypatch.setattr(machine, "AUTHORITIES", authorities)
    monkeypatch.setattr(machine, "host_mirrors", lambda _this: [])

    bare = assembly.recipe(this)
    authorities.write_text("certificates")
    full = assembly.recipe(this)

    assert bare.images != full.images
    assert bare.root == full.root
    assert (full.native, full.foreign) == ("amd64", "arm64")
