"""The registry itself: started where it is ours, logged in to without a word on a command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fakes import QuietTerminal, TableRunner, outcome
from tests.registry_server import NAME, Fault, Store, push_image
from tests.releases import labels, workspace_at
from towpath import config
from towpath.config.workspace import Workspace
from towpath.core.errors import (
    ConfigurationError,
    NothingToJudgeError,
    RegistryNetworkError,
    RegistryRefusedError,
)
from towpath.core.runner import Outcome
from towpath.registry import image as registry

pytestmark = pytest.mark.door


def test_a_registry_that_answers_is_left_alone(store: Store, tmp_path: Path) -> None:
    """Nothing is started where something answers."""
    runner = TableRunner()

    assert registry.start(workspace_at(tmp_path, store, runner)) is False
    assert runner.calls == []


def test_a_registry_that_wants_a_login_is_left_alone(store: Store, tmp_path: Path) -> None:
    """It answers: another one would take its place."""
    runner = TableRunner()
    store.faults = [Fault("/v2/", 401, {"WWW-Authenticate": 'Basic realm="r"'})]

    assert registry.start(workspace_at(tmp_path, store, runner)) is False
    assert runner.calls == []


def test_a_login_goes_where_the_user_keeps_them(store: Store, tmp_path: Path) -> None:
    """Not into the config of the engine's clients, which goes with the engine."""
    seen: list[dict[str, str]] = []

    class Remembering(TableRunner):
        def answer(self, argv: Any, env: dict[str, str], stdin: Any, check: bool) -> Outcome:
            seen.append(env)
            return super().answer(argv, env, stdin, check)

    runner = Remembering({"docker login": "Login Succeeded"})

    registry.login(workspace_at(tmp_path, store, runner), "me", "word", folder=Path("/srv/docker"))

    assert seen == [{"DOCKER_CONFIG": "/srv/docker"}]


def test_what_the_engine_pushed_is_looked_for_again(store: Store, tmp_path: Path) -> None:
    """Some registries show it only after a moment."""
    pushed = push_image(store.client(), labels(), tag="local")
    store.faults = [Fault(f"GET /v2/{NAME}/manifests/local", 404)]
    runner = TableRunner({"docker tag": "", "docker push": ""})

    assert registry.push(workspace_at(tmp_path, store, runner), "x", "local") == pushed.digest


def test_a_registry_of_our_own_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container that is there is started, else one is run; without an answer that is an error."""
    monkeypatch.setattr(registry, "STARTING", registry.STARTING._replace(deadline=0.0))
    runner = TableRunner({"docker start": outcome(code=1), "docker run": "id\n"})

    with pytest.raises(RegistryNetworkError):
        registry.start(workspace_at(tmp_path, Store(port=1), runner))

    assert runner.lines[0] == "docker start towpath-registry"
    assert "--publish=127.0.0.1:1:5000" in runner.lines[1]


def test_a_registry_elsewhere_is_not_ours_to_start(tmp_path: Path) -> None:
    """What is not on this machine cannot be started from here."""
    table = {"repository": NAME, "registry": "registry.invalid"}
    workspace = Workspace(config.parse(table, tmp_path, {}), TableRunner(), QuietTerminal())

    with pytest.raises(ConfigurationError, match="not on this machine"):
        registry.start(workspace)


def test_a_password_goes_to_standard_input(store: Store, tmp_path: Path) -> None:
    """The line that runs holds user and registry only."""
    runner = TableRunner({"docker login": "Login Succeeded"})

    registry.login(workspace_at(tmp_path, store, runner), "me", "pass word")

    assert runner.lines == [f"docker login --username=me --password-stdin {store.host}"]
    assert runner.stdins == ["pass word"]


def test_an_image_of_the_engine_is_pushed_and_read_back(store: Store, tmp_path: Path) -> None:
    """The digest is the one that the registry has afterwards."""
    pushed = push_image(store.client(), labels(), tag="local")
    runner = TableRunner({"docker tag": "", "docker push": ""})

    assert registry.push(workspace_at(tmp_path, store, runner), "x:production", "local") == (
        pushed.digest
    )
    assert runner.lines[0] == f"docker tag x:production {store.host}/{NAME}:local"


def test_platforms_that_disagree_on_a_label_are_nothing_to_judge(store: Store) -> None:
    """One image has one version."""
    client = store.client()
    one = push_image(client, {"v": "1"}, ("linux/amd64",)).document["manifests"]
    two = push_image(client, {"v": "2"}, ("linux/arm64",)).document["manifests"]
    joined = push_image(client, {"v": "1"})
    image = registry.image(client, joined.digest)
    first = registry.image(client, one[0]["digest"]).platforms
    second = registry.image(client, two[0]["digest"]).platforms

    assert image.label("v") == "1"
    assert image.label("not there") == ""
    with pytest.raises(NothingToJudgeError, match="different values for the label v"):
        registry.Image(joined, {**first, **second}).label("v")


def test_a_login_may_be_for_a_further_registry(store: Store, tmp_path: Path) -> None:
    """A registry with a path or a password is refused, and its password not repeated."""
    runner = TableRunner({"docker login": "Login Succeeded"})
    workspace = workspace_at(tmp_path, store, runner)

    registry.login(workspace, "me", "word", "r.example.com")

    assert runner.lines == ["docker login --username=me --password-stdin r.example.com"]
    for wrong in ("https://r.example.com/x", "you:secret@r.example.com"):
        with pytest.raises(ConfigurationError) as caught:
            registry.login(workspace, "me", "word", wrong)
        assert "secret" not in caught.value.what
    assert len(runner.lines) == 1


def test_a_tag_is_taken_away(store: Store, tmp_path: Path) -> None:
    """What it named stays; a registry that deletes no tags says what to do instead."""
    pushed = push_image(store.client(), labels(), tag="old")
    workspace = workspace_at(tmp_path, store)
    store.deletes_tags = False
    with pytest.raises(RegistryRefusedError) as caught:
        registry.untag(workspace, "old")
    assert "another image" in caught.value.next_step
    store.deletes_tags = True

    registry.untag(workspace, "old")

    assert store.tags == {}
    assert pushed.digest in store.manifests
