"""A record of wheels that somebody else wrote into the registry: believed as a whole or refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.layers import ARM64, program, wheel
from tests.unit.images.wheels.wheelwright import (
    LOCK,
    SHA256,
    Machine,
    machine,
)
from towpath.config.workspace import Workspace
from towpath.core.errors import CommandFailedError, DigestMismatchError, NothingToJudgeError
from towpath.images.wheels import registry as registries
from towpath.registry import oci_reader as oci

__all__ = ["machine"]

pytestmark = pytest.mark.door

Change = Callable[[dict[str, Any]], Any]


def forge(machine: Machine, change: Change, tag: str = "pins-") -> str:
    """Let a build fill the registry, then change its record; returns the tag of the record."""
    workspace = machine.workspace("theirs")
    machine.build(workspace)
    name = next(it for it in machine.store.tags if it.startswith(tag))
    manifest = registries.client(workspace).manifest(name)
    body = json.loads(registries.client(workspace).blob(oci.layers(manifest)[0].digest))
    body = change(body) or body
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    put(workspace, name, content)
    machine.made.clear()
    return name


def put(workspace: Workspace, name: str, content: bytes, size: int = 0) -> None:
    """Put a record under a tag, with a size that may be a lie."""
    client = registries.client(workspace)
    client.put_blob(oci.EMPTY, oci.EMPTY_TYPE)
    row = client.put_blob(content, registries.RECORD_TYPE)
    row = row._replace(size=size or row.size)
    client.put_manifest(name, oci.standalone_artifact(registries.ARTIFACT_TYPE, [row], {}))


def first(body: dict[str, Any], **fields: Any) -> None:
    """Change fields of the first wheel of a record."""
    body["wheels"][0].update(fields)


def refused(machine: Machine) -> NothingToJudgeError:
    """Build on another machine; nothing of the record may have been written there."""
    workspace = machine.workspace("victim")
    with pytest.raises(NothingToJudgeError) as caught:
        machine.build(workspace)
    assert not list((workspace.config.state / "wheels").glob("*"))
    assert not (workspace.config.reports / "build" / "wheels").exists()
    assert machine.made == []
    return caught.value


@pytest.mark.parametrize(
    "file",
    [
        "/tmp/thing-1.0-cp313-cp313-linux_x86_64.whl",
        "../../thing-1.0-cp313-cp313-linux_x86_64.whl",
        "thing-1.0-1/../../x-cp313-cp313-linux_x86_64.whl",
        "thing-1.0-py3-none-any./../../x.whl",
        "production.txt",
        "thing-1.0-cp313-cp313-linux_x86_64.whl\0",
        ".thing-1.0-cp313-cp313-linux_x86_64.whl",
        "thing-one-cp313-cp313-linux_x86_64.whl",
        f"thing-1.0-{'1' * 300}-cp313-cp313-linux_x86_64.whl",
        "",
    ],
)
def test_a_file_that_is_no_name_of_a_wheel_writes_nothing(machine: Machine, file: str) -> None:
    """Neither a path, a link out of the directory, nor a name that no installer would take."""
    name = forge(machine, lambda body: first(body, file=file))

    error = refused(machine)

    assert error.what == (
        f"The wheel record {machine.store.host}/towpath/dashboard-wheels:{name} is invalid"
        " and was not used."
    )
    assert error.why == f"{file[:120]!r}: not a valid wheel file name."
    assert "registry-wheels" in error.next_step


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        (
            {"name": "django", "file": "django-1.0-cp313-cp313-linux_x86_64.whl"},
            f"django 1.0 with source {SHA256} is not pinned.",
        ),
        (
            {"version": "1.1", "file": "thing-1.1-cp313-cp313-linux_x86_64.whl"},
            f"thing 1.1 with source {SHA256} is not pinned.",
        ),
        ({"source": "d" * 64}, f"thing 1.0 with source {'d' * 64} is not pinned."),
        (
            {"file": "django-5.2-py3-none-any.whl"},
            "'django-5.2-py3-none-any.whl': not a wheel of thing 1.0.",
        ),
        (
            {"file": "thing-1.0-cp312-cp312-linux_x86_64.whl"},
            "thing-1.0-cp312-cp312-linux_x86_64.whl is not for Python 3.13 on linux/amd64.",
        ),
        (
            {"file": "thing-1.0-cp313-cp313t-linux_x86_64.whl"},
            "thing-1.0-cp313-cp313t-linux_x86_64.whl is not for Python 3.13 on linux/amd64.",
        ),
        (
            {"file": "thing-1.0-cp313-cp313-linux_aarch64.whl"},
            "thing-1.0-cp313-cp313-linux_aarch64.whl is not for Python 3.13 on linux/amd64.",
        ),
        (
            {"file": "thing-1.0-cp313-cp313-linux_aarch64.linux_x86_64.whl"},
            "thing-1.0-cp313-cp313-linux_aarch64.linux_x86_64.whl is not for Python 3.13 on"
            " linux/amd64.",
        ),
        (
            {"platform": "linux/arm64", "file": "thing-1.0-cp313-cp313-linux_aarch64.whl"},
            "It has two wheels of thing 1.0 for linux/arm64.",
        ),
    ],
)
def test_a_wheel_that_serves_no_pin_is_refused(
    machine: Machine, fields: dict[str, str], why: str
) -> None:
    """Name, version, source, Python, ABI and platform have to be those of a pin; one for each."""
    forge(machine, lambda body: first(body, **fields))

    assert refused(machine).why == why


@pytest.mark.parametrize("tag", ["pins-", "sources-"])
def test_a_pin_that_has_a_wheel_of_its_own_keeps_it(machine: Machine, tag: str) -> None:
    """Whatever the registry says, the index knows that there is one for this platform."""
    forge(machine, lambda body: None, tag)
    if tag == "sources-":
        del machine.store.tags[next(it for it in machine.store.tags if it.startswith("pins-"))]
    own = 'wheels = [{ name = "thing-1.0-cp313-cp313-manylinux2014_x86_64.whl", hashes = '
    machine.lock = LOCK + own + f'{{ sha256 = "{SHA256}" }} }}]\n'
    workspace = machine.workspace("victim")

    if tag == "pins-":
        assert refused(machine).why == "The package index has a wheel of thing 1.0 for linux/amd64."
        return
    # What was made for other pins may be out of date: only what is missing is taken over.
    with pytest.raises(CommandFailedError, match="docker failed"):
        machine.build(workspace)
    used = next((workspace.config.reports / "build" / "wheels").iterdir())
    assert list((used / "amd64").iterdir()) == []
    assert len(list((used / "arm64").glob("*.whl"))) == 1


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda body: b"[" * 100_000, "It is not valid JSON"),
        (lambda body: b"\xff", "It is not valid JSON"),
        (lambda body: b"{", "It is not valid JSON"),
        (lambda body: b"[]", "It is not a JSON object."),
        (lambda body: b'{"base": "", "base": "", "wheels": []}', "the key 'base' appears twice"),
        (lambda body: {**body, "more": 1}, "Its keys are not exactly 'base' and 'wheels'."),
        (lambda body: {**body, "base": "x"}, "Its field 'base' is not a digest."),
        (lambda body: {**body, "base": 1}, "Its field 'base' is not a digest."),
        (lambda body: {**body, "wheels": {}}, "Its field 'wheels' is not a list"),
        (lambda body: {**body, "wheels": body["wheels"] * 501}, "Its field 'wheels' is not a list"),
        (lambda body: {**body, "wheels": [1]}, "One of its wheels has missing or unknown keys"),
        (lambda body: first(body, more=1), "One of its wheels has missing or unknown keys"),
        (
            lambda body: body["wheels"][0].pop("source") and None,
            "One of its wheels has missing or unknown keys",
        ),
        (
            lambda body: first(body, file=["a"]),
            "One of its wheels has a value that should be a string.",
        ),
        (lambda body: first(body, name="Thing"), "invalid value of 'name'"),
        (lambda body: first(body, version="1/0"), "invalid value of 'version'"),
        (lambda body: first(body, platform="linux/sparc"), "invalid value of 'platform'"),
        (lambda body: first(body, platform="any"), "invalid value of 'platform'"),
        (lambda body: first(body, how="magic"), "invalid value of 'how'"),
        (
            lambda body: first(body, how="pure"),
            "the record says pure Python, but its file name does not",
        ),
        (lambda body: first(body, sha256="../x"), "invalid value of 'sha256'"),
        (lambda body: first(body, source=""), "invalid value of 'source'"),
        (lambda body: first(body, size=0), "its size is not between 1 and"),
        (lambda body: first(body, size=True), "its size is not between 1 and"),
        (lambda body: first(body, size=1 << 40), "its size is not between 1 and"),
        (lambda body: first(body, seconds="1"), "invalid value of 'seconds'"),
        (lambda body: first(body, seconds=float("nan")), "NaN is not valid JSON"),
        (lambda body: first(body, seconds=-1), "invalid value of 'seconds'"),
    ],
)
def test_a_record_of_another_form_is_refused(machine: Machine, change: Change, why: str) -> None:
    """Type, depth, size, keys and every field: a typed error that names the record."""
    name = forge(machine, change)

    error = refused(machine)

    assert name in error.what and why in error.why


@pytest.mark.parametrize(
    ("size", "what"),
    [
        (5, "does not have the declared size of 5 bytes"),
        (1 << 30, "the allowed range is 1 to 1048576"),
    ],
)
def test_a_record_of_another_size_is_refused(machine: Machine, size: int, what: str) -> None:
    """What is declared is a bound while it is read."""
    name = forge(machine, lambda body: None)
    workspace = machine.workspace("theirs")
    content = (workspace.config.state / "wheels" / f"{name}.json").read_bytes()
    put(workspace, name, content, size)

    assert what in refused(machine).what


@pytest.mark.parametrize(
    "layers",
    [
        [],
        {},
        None,
        [1],
        [{"mediaType": registries.RECORD_TYPE, "digest": "sha256:../../../x", "size": 5}],
        [{"mediaType": registries.RECORD_TYPE, "digest": ["a"], "size": 5}],
        [{"mediaType": "text/html", "digest": "sha256:" + "a" * 64, "size": 5}],
        [{"mediaType": registries.RECORD_TYPE, "digest": "sha256:" + "a" * 64, "size": 1e999}],
    ],
)
def test_a_manifest_of_something_else_is_refused(machine: Machine, layers: Any) -> None:
    """No layer, one of another type, or one whose digest leads elsewhere: the record is named."""
    name = forge(machine, lambda body: None)
    text = json.dumps({"schemaVersion": 2, "mediaType": oci.MANIFEST, "layers": layers})
    client = registries.client(machine.workspace("theirs"))
    client.put_manifest(name, oci.Manifest(oci.MANIFEST, text.encode()))

    assert refused(machine).what.endswith(f"-wheels:{name} is not a wheel record.")


def test_a_registry_that_knows_is_not_told_again(machine: Machine) -> None:
    """Who may only read there is not warned, and nothing is put."""
    machine.build(machine.workspace("theirs"))
    before = [line for line in machine.store.asked if line.startswith(("PUT", "POST"))]

    machine.build(machine.workspace("victim"))

    assert [line for line in machine.store.asked if line.startswith(("PUT", "POST"))] == before


def replaced(machine: Machine, content: bytes) -> None:
    """Put other bytes in the place of the wheel for amd64, with a record that says so."""
    sha256 = hashlib.sha256(content).hexdigest()

    def change(body: dict[str, Any]) -> None:
        row = next(it for it in body["wheels"] if it["platform"] == "linux/amd64")
        row.update(sha256=sha256, size=len(content))

    forge(machine, change)
    machine.store.blobs[f"sha256:{sha256}"] = content


NAME = "thing-1.0-cp313-cp313-linux_x86_64.whl"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"no zip", "Cannot read"),
        (wheel({"a.py": b"1"}, "django-5.2-py3-none-any.whl"), "contains another distribution"),
        (wheel({"a.so": program(ARM64)}, NAME), "does not fit linux/amd64"),
    ],
)
def test_other_bytes_of_a_wheel_are_refused(machine: Machine, content: bytes, what: str) -> None:
    """Inside it has to be the distribution that the record and its name say, for that platform."""
    replaced(machine, content)

    assert what in refused(machine).what


def test_a_registry_that_serves_other_bytes_is_an_error(machine: Machine) -> None:
    """The record's own blob is checked by its digest."""
    forge(machine, lambda body: None)
    workspace = machine.workspace("theirs")
    name = next(it for it in machine.store.tags if it.startswith("pins-"))
    digest = oci.layers(registries.client(workspace).manifest(name))[0].digest
    machine.store.blobs[digest] = machine.store.blobs[digest].replace(b"thing", b"thong")

    with pytest.raises(DigestMismatchError):
        machine.build(machine.workspace("victim"))


def test_a_single_wheel_of_another_source_is_refused(machine: Machine) -> None:
    """Also where wheels are made, what the registry has under the tag is compared."""
    machine.pure = False
    workspace = machine.workspace("theirs")
    machine.build(workspace)
    for name in [it for it in machine.store.tags if it.startswith(("pins-", "sources-"))]:
        del machine.store.tags[name]
    name = next(it for it in machine.store.tags if it.startswith("thing-1.0-amd64-"))
    manifest = registries.client(workspace).manifest(name)
    body = json.loads(registries.client(workspace).blob(oci.layers(manifest)[0].digest))
    first(body, source="d" * 64)
    put(workspace, name, json.dumps(body).encode())

    with pytest.raises(NothingToJudgeError, match=name):
        machine.build(machine.workspace("victim"))
