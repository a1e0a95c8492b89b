"""Read and write records of wheels, on this machine and in the registry.

Every record that a build uses passes `verified`, which is also the place to check a signature.
"""

from __future__ import annotations

import re
from pathlib import Path

from towpath.config.workspace import Workspace
from towpath.core import private
from towpath.core.errors import DigestMismatchError, NothingToJudgeError, RegistryError
from towpath.core.references import Repository
from towpath.images.wheels import record_reader as reader
from towpath.images.wheels.record_reader import WheelRecord
from towpath.registry import oci_reader as oci
from towpath.registry.client import RegistryClient
from towpath.registry.login import registry_client
from towpath.registry.oci_reader import Descriptor, Manifest

ARTIFACT_TYPE = "application/vnd.towpath.wheels.v2"
RECORD_TYPE = "application/vnd.towpath.wheels.v2+json"
WHEEL_TYPE = "application/vnd.pypa.wheel.v1+zip"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def verified(content: bytes, where: str, registry: str = "") -> WheelRecord:
    """Return a valid record; raises NothingToJudgeError, naming it, for any other.

    `where` names the record in errors. `registry` is the repository that it came from, which the
    caller must already trust.
    """
    return reader.read_wheel_record(content, where, registry)


def local(workspace: Workspace, name: str) -> WheelRecord | None:
    """Return the record of this name that this machine wrote; None without one.

    A file that another user may have written is ignored with a warning. Raises
    NothingToJudgeError for an invalid record.
    """
    file = wheel_directory(workspace, f"{name}.json")
    try:
        content = private.read_own(file, reader.LARGEST)
    except NothingToJudgeError as error:
        workspace.terminal.warn(f"{error.what} {error.why}")
        return None
    return None if content is None else verified(content, f"The wheel record {file}")


def remote(workspace: Workspace, name: str, *, quiet: bool = False) -> WheelRecord | None:
    """Return the record of this name in the registry; None without one that is trusted.

    `quiet` suppresses the warning about an untrusted registry. Raises NothingToJudgeError for an
    invalid record, and DigestMismatchError.
    """
    if workspace.config.image.registry_wheels == "never":
        return None
    registry = client(workspace)
    try:
        manifest = registry.manifest(name)
        if not _is_trusted(workspace, registry, name, quiet=quiet):
            return None
        where = f"The wheel record {registry.name(name)}"
        content = read_blob(registry, _layer(manifest, where), reader.LARGEST)
    except DigestMismatchError:
        raise
    except RegistryError:
        return None
    return verified(content, where, str(registry.repository))


def remember(workspace: Workspace, name: str, record: WheelRecord) -> None:
    """Store a record on this machine.

    Raises ConfigurationError if the state directory cannot be used.
    """
    private.write_own(wheel_directory(workspace, f"{name}.json"), record.encode())


def publish(workspace: Workspace, name: str, record: WheelRecord, *contents: bytes) -> None:
    """Push a record, with the bytes of its wheels, to the registry; raises RegistryError."""
    if workspace.config.image.registry_wheels == "never":
        return
    registry = client(workspace)
    registry.put_blob(oci.EMPTY, oci.EMPTY_TYPE)
    rows = [registry.put_blob(record.encode(), RECORD_TYPE)]
    rows += [registry.put_blob(content, WHEEL_TYPE) for content in contents]
    registry.put_manifest(name, oci.standalone_artifact(ARTIFACT_TYPE, rows, {}))


def read_blob(registry: RegistryClient, descriptor: Descriptor, largest: int) -> bytes:
    """Return a blob of the declared size, of at most `largest` bytes.

    Raises NothingToJudgeError for another size, DigestMismatchError for other bytes, and
    RegistryError.
    """
    name = registry.name(descriptor.digest)
    if not 0 < descriptor.size <= largest:
        raise NothingToJudgeError(
            f"{name} has {descriptor.size} bytes; the allowed range is 1 to {largest}."
        )
    with registry.reading(descriptor.digest) as source:
        content = source.read_fully(descriptor.size + 1)
    if len(content) != descriptor.size:
        raise NothingToJudgeError(
            f"{name} does not have the declared size of {descriptor.size} bytes."
        )
    if oci.sha256(content) != descriptor.digest:
        raise DigestMismatchError(
            f"The content of {name} does not match its digest.", why=oci.sha256(content)
        )
    return content


def client(workspace: Workspace) -> RegistryClient:
    """Return a client of the wheel repository, which is beside the product's."""
    wheels = Repository(workspace.config.registry, f"{workspace.config.repository}-wheels")
    return registry_client(wheels, workspace.config.env)


def wheel_directory(workspace: Workspace, name: str) -> Path:
    """Return the path of a record, or of a wheel by its sha256, on this machine."""
    return workspace.config.state / "wheels" / name


def _layer(manifest: Manifest, where: str) -> Descriptor:
    """Return the descriptor of the record in its manifest; raises NothingToJudgeError."""
    try:
        row = oci.layers(manifest)[0]
        if row.media_type == RECORD_TYPE and DIGEST.fullmatch(row.digest):
            return row
        why = f"Its first layer is {str(row.media_type)[:80]!r}, {str(row.digest)[:80]!r}."
    except NothingToJudgeError as error:
        why = f"{error.what} {error.why}".strip()
    except (IndexError, TypeError, OverflowError, RecursionError) as error:
        why = str(error)[:200]
    raise NothingToJudgeError(f"{where} is not a wheel record.", why=why, next_step=reader.NEXT)


def _is_trusted(workspace: Workspace, registry: RegistryClient, name: str, *, quiet: bool) -> bool:
    """Tell whether the setting trusts this registry: by default if it required our credentials."""
    if workspace.config.image.registry_wheels == "always" or registry.authenticated:
        return True
    if not quiet:
        workspace.terminal.warn(
            f"Not using {registry.name(name)}: {registry.repository.registry} was accessed without"
            " a login, so that anybody could have written it. Log in, or set registry-wheels in"
            " [tool.towpath.image]."
        )
    return False
