"""Each step to an image in a registry: what it says, where it stops, and what to do then."""

from __future__ import annotations

import base64
import json
import re
import socket
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes import QuietTerminal
from tests.registry_server import NAME, Fault, Store, push_artifact, push_image
from tests.releases import workspace_at
from towpath.config.workspace import Workspace
from towpath.core.errors import CommandFailedError, ConfigurationError
from towpath.core.references import Repository
from towpath.operations.debug import registry_steps
from towpath.operations.debug.registry_steps import examine

pytestmark = pytest.mark.door

STEPS = ("DNS", "TLS", "challenge", "login", "manifest", "platforms", "blobs", "referrers")


def lines(workspace: Workspace) -> dict[str, tuple[str, str]]:
    """Return of each step that was shown its mark and its words."""
    terminal = workspace.terminal
    assert isinstance(terminal, QuietTerminal)
    # A long line is continued on the next one.
    whole = re.split(r"\n(?=[✓✗])", terminal.written)
    rows = [" ".join(line.split()).split(" ", 2) for line in whole]
    assert [row for row in rows if not re.match(r"\d+\.\d\d s ", row[2])] == []
    return {row[1]: (row[0], row[2].split(" s ", 1)[1]) for row in rows}


def stopped(workspace: Workspace, reference: str = "") -> tuple[str, str, CommandFailedError]:
    """Return the last step that was shown, its words, and the error."""
    with pytest.raises(CommandFailedError) as caught:
        examine(workspace, reference)
    shown = lines(workspace)
    last = list(shown)[-1]
    assert [mark for mark, _ in shown.values()] == ["✓"] * (len(shown) - 1) + ["✗"]
    assert last == STEPS[len(shown) - 1]
    return last, shown[last][1], caught.value


def test_every_step_of_an_image_that_is_well(store: Store, tmp_path: Path) -> None:
    """All eight, with what each found."""
    index = push_artifact(store.client(), push_image(store.client(), {}, tag="built"))
    workspace = workspace_at(tmp_path, store)

    examine(workspace)

    shown = lines(workspace)
    assert tuple(shown) == STEPS
    assert {mark for mark, _ in shown.values()} == {"✓"}
    words = {name: text for name, (_, text) in shown.items()}
    assert words["DNS"] == "127.0.0.1 is 127.0.0.1"
    assert words["TLS"] == f"plain HTTP to this machine, connected to {store.host}"
    assert words["challenge"] == "200: none, its root is open to anybody"
    assert words["login"] == "not wanted so far"
    assert words["manifest"] == f"{index.digest}, index, {len(index.content)} bytes"
    assert words["platforms"] == "linux/amd64, linux/arm64"
    assert words["blobs"] == "all 3, 0.0 MB"
    assert words["referrers"] == "no referrers API, listed under a tag: 1 application/x"


def test_referrers_of_a_registry_with_the_api(store: Store, tmp_path: Path) -> None:
    """Where nothing is attached, that is said; a digest may be named as well as a tag."""
    store.referrers = True
    index = push_image(store.client(), {})
    workspace = workspace_at(tmp_path, store)

    examine(workspace, index.digest)

    assert lines(workspace)["referrers"] == ("✓", "nothing is attached")


def test_an_image_of_one_platform(store: Store, tmp_path: Path) -> None:
    """It has no index; a whole reference names any repository."""
    index = push_image(store.client(), {}, platforms=("linux/amd64",))
    only = json.loads(index.content)["manifests"][0]["digest"]
    workspace = workspace_at(tmp_path, store)

    examine(workspace, f"{store.host}/{NAME}@{only}")

    assert lines(workspace)["platforms"] == ("✓", "linux/amd64, no index")


def test_a_wrong_password_is_whose_and_where(store: Store, tmp_path: Path) -> None:
    """The command logs the same user in again; the password itself is nowhere."""
    pair = base64.b64encode(b"ci:a-wrong-password").decode()
    config = tmp_path / "docker" / "config.json"
    config.parent.mkdir()
    config.write_text(json.dumps({"auths": {store.host: {"auth": pair}}}))
    challenge = {"WWW-Authenticate": 'Basic realm="loopback"'}
    store.faults = [Fault("GET /v2/", 401, challenge) for _ in range(3)]
    workspace = workspace_at(tmp_path, store, DOCKER_CONFIG=str(config.parent))

    last, words, error = stopped(workspace)

    assert last == "login"
    assert words.startswith(f"{store.host} does not accept 'ci' from {config}.")
    assert lines(workspace)["challenge"] == ("✓", "401: Basic loopback")
    step = f"invoke registry.login --registry={store.host} --user=ci"
    assert error.next_step == step
    assert error.what == f"The step login of {store.host}/{NAME}:built failed."
    terminal = workspace.terminal
    assert isinstance(terminal, QuietTerminal)
    assert "wrong-password" not in terminal.written + terminal.said + str(error.lines())


def test_a_login_that_nobody_gave(store: Store, tmp_path: Path) -> None:
    """No user can be named."""
    store.faults = [Fault("GET /v2/", 401, {"WWW-Authenticate": "Basic"}) for _ in range(2)]

    last, words, error = stopped(workspace_at(tmp_path, store, HOME=str(tmp_path)))

    assert last == "login"
    assert words.startswith(f"{store.host} wants a login, and none for it is known here.")
    assert error.next_step == f"invoke registry.login --registry={store.host} --user=NAME"


def test_a_token_is_had_and_may_not_be_enough(store: Store, tmp_path: Path) -> None:
    """The registry knows us, as anybody, and does not let us read."""
    store.token = "a-token"
    store.faults = [Fault(f"/v2/{NAME}/manifests", 403)]
    workspace = workspace_at(tmp_path, store, HOME=str(tmp_path))

    last, words, _ = stopped(workspace)

    shown = lines(workspace)
    assert shown["challenge"][1] == f"401: Bearer http://{store.host}/token"
    assert shown["login"][1] == f"{store.host} accepts anybody"
    assert (last, words.partition(".  ")[0][:7]) == ("manifest", "anybody")
    assert f"may not read {store.host}/{NAME}." in words


@pytest.mark.parametrize(
    ("status", "headers"), [(404, {}), (401, {}), (500, {}), (200, {"Content-Length": "9"})]
)
def test_what_is_no_registry(
    store: Store, tmp_path: Path, status: int, headers: dict[str, str]
) -> None:
    """Another server's pages, or a gateway; one that says yes fails at the manifest."""
    store.faults = [Fault("GET /v2/", status, headers)]

    last, words, error = stopped(workspace_at(tmp_path, store))

    if status == 200:
        assert last == "manifest"
    else:
        assert last == "challenge"
        assert words.startswith(f"http://{store.host}/v2/ answered {status}: it is not a registry.")
        assert error.next_step == f"curl --verbose http://{store.host}/v2/"


def test_a_tag_that_is_not_there(store: Store, tmp_path: Path) -> None:
    """Which there are is said; without any, an image has to be built."""
    last, words, error = stopped(workspace_at(tmp_path, store))
    push_image(store.client(), {}, tag="other")
    second = stopped(workspace_at(tmp_path, store), "tset")

    assert (last, error.next_step) == ("manifest", "invoke build")
    assert words.startswith(f"There is no {store.host}/{NAME}:built. It has no tags.")
    assert second[1].startswith(f"There is no {store.host}/{NAME}:tset. Its tags are other.")
    assert second[2].next_step == "invoke registry.tags"


def test_a_platform_that_is_in_the_index_alone(store: Store, tmp_path: Path) -> None:
    """Its name is said, and the image has to be built again."""
    index = push_image(store.client(), {}, tag="built")
    arm = json.loads(index.content)["manifests"][1]["digest"]
    del store.manifests[arm]

    last, words, error = stopped(workspace_at(tmp_path, store))

    assert last == "platforms"
    assert words.startswith("The image for linux/arm64 is in the index and not in the registry.")
    assert error.next_step == "invoke build"


def test_blobs_that_are_missing(store: Store, tmp_path: Path) -> None:
    """How many, and the first."""
    push_image(store.client(), {}, tag="built")
    gone = next(name for name, content in store.blobs.items() if content == b"layer")
    del store.blobs[gone]

    last, words, _ = stopped(workspace_at(tmp_path, store))

    assert last == "blobs"
    assert words.startswith(f"1 of 3 blobs are missing. The first one is {gone}.")


def test_nothing_listens_there(store: Store, tmp_path: Path) -> None:
    """On this machine a registry can be started."""
    workspace = workspace_at(tmp_path, store)
    with socket.create_server(("127.0.0.1", 0)) as free:
        host = f"127.0.0.1:{free.getsockname()[1]}"
    config = replace(workspace.config, registry=host)

    last, words, error = stopped(replace(workspace, config=config))

    assert last == "TLS"
    assert words.startswith(f"No connection to {host}. Connection refused")
    assert error.next_step == "invoke registry.start"


def test_one_that_never_answers_is_given_up(store: Store, tmp_path: Path) -> None:
    """It takes the connection and says nothing."""
    workspace = workspace_at(tmp_path, store)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        config = replace(workspace.config, registry=host)
        with pytest.raises(CommandFailedError) as caught:
            examine(replace(workspace, config=config), seconds=0.3)

    assert caught.value.why == "no answer within 0.3 s"
    assert lines(workspace)["challenge"][0] == "✗"
    assert threading.active_count() >= 1


def test_what_is_no_reference_is_refused(store: Store, tmp_path: Path) -> None:
    """Before anything is asked."""
    workspace = workspace_at(tmp_path, store)

    for text in ("sha256:1", "a b", "localhost:5000/x@sha256:1", "Upper/x:y"):
        with pytest.raises(ConfigurationError):
            examine(workspace, text)
    own = Repository(store.host, NAME)
    assert registry_steps.place_of(workspace, "release") == (own, "release")
    assert store.asked == []
