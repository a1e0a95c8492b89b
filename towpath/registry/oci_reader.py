"""OCI documents: index, manifest and config of an image, and the files of its layers. Pure.

Source: OCI image spec 1.1 (https://github.com/opencontainers/image-spec). A document that is not
what it must be raises NothingToJudgeError; it never reads as empty.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from towpath.core import documents
from towpath.core.errors import NothingToJudgeError

if TYPE_CHECKING:
    import tarfile

T = TypeVar("T")

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
EMPTY_TYPE = "application/vnd.oci.empty.v1+json"
EMPTY = b"{}"
INDEXES = (INDEX, DOCKER_LIST)
MANIFESTS = (*INDEXES, MANIFEST, DOCKER_MANIFEST)

# Bytes of a manifest, a config or a list; registries take no manifest of more than 4 MiB.
DOCUMENT = 16 << 20
# The variant that is what its machine is by itself. Source: containerd, platforms/database.go.
_VARIANTS = {"linux/arm64": "v8", "linux/amd64": "v1"}

# OCI image spec, "Digests": it becomes a part of an address.
LARGEST = 1 << 50  # bytes
# Bytes of one file of a layer that is read, and of all that are.
LARGEST_FILE, LARGEST_SELECTION = 32 << 20, 128 << 20
_DIGEST = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]{1,160}")
_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"


class Descriptor(NamedTuple):
    """What points at content: its type, digest and size in bytes."""

    media_type: str
    digest: str
    size: int
    platform: str = ""
    artifact_type: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the descriptor as a manifest writes it; a platform is not written."""
        body = {"mediaType": self.media_type, "digest": self.digest, "size": self.size}
        return body | ({"artifactType": self.artifact_type} if self.artifact_type else {})


class Manifest(NamedTuple):
    """A manifest or an index as the registry holds it: the exact bytes and what they hash to."""

    media_type: str
    content: bytes

    @property
    def digest(self) -> str:
        """The digest of the bytes."""
        return sha256(self.content)

    @property
    def descriptor(self) -> Descriptor:
        """What another document points at this one with."""
        kind = str(self.document.get("artifactType", ""))
        return Descriptor(self.media_type, self.digest, len(self.content), artifact_type=kind)

    @property
    def document(self) -> dict[str, Any]:
        """The parsed JSON."""
        return parse(self.content, self.media_type)

    @property
    def is_index(self) -> bool:
        """Whether this lists images rather than being one."""
        return self.media_type in INDEXES


class ImageConfig(NamedTuple):
    """What an image says of itself: its platform, labels, user, and its layers' diff ids."""

    platform: str
    labels: Mapping[str, str]
    user: str
    diff_ids: tuple[str, ...] = ()


def sha256(content: bytes) -> str:
    """Return the digest of some bytes."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def parse(content: bytes, what: str) -> dict[str, Any]:
    """Read a JSON object of bounded size and depth; `what` names it in the error.

    Raises NothingToJudgeError for anything else.
    """
    try:
        document = documents.loads(content, DOCUMENT)
    except ValueError as error:
        raise NothingToJudgeError(f"{what} is not JSON.", why=str(error)) from error
    if not isinstance(document, dict):
        raise NothingToJudgeError(f"{what} is not a JSON object.")
    return document


def children(index: Manifest) -> list[Descriptor]:
    """Return the images of an index; an attestation, which has no platform, is not one.

    Raises NothingToJudgeError for a document without them, or with an invalid descriptor.
    """
    return [row for row in entries(index) if row.platform not in ("", "unknown/unknown")]


def entries(index: Manifest) -> list[Descriptor]:
    """Return everything that an index points at.

    Raises NothingToJudgeError for a document without them, or with an invalid descriptor.
    """
    return [_descriptor(row, "an index") for row in _rows(index, "manifests")]


def layers(manifest: Manifest) -> list[Descriptor]:
    """Return the layers of an image, the lowest first.

    Raises NothingToJudgeError for a document without them, or with an invalid descriptor.
    """
    return [_descriptor(row, "a manifest") for row in _rows(manifest, "layers")]


def above(rows: list[Descriptor], base: Sequence[str]) -> list[Descriptor]:
    """Return the layers above those with the digests of `base`; all if those are not the lowest."""
    lowest = [row.digest for row in rows[: len(base)]]
    return rows[len(base) :] if lowest == list(base) else rows


def config_of(manifest: Manifest) -> Descriptor:
    """Return where the config of an image is.

    Raises NothingToJudgeError for a manifest without a valid one.
    """
    return _descriptor(manifest.document.get("config"), "a manifest")


def subject_of(manifest: Manifest) -> str:
    """Return the digest that an artifact speaks of; empty where it names none."""
    subject = manifest.document.get("subject")
    found = subject.get("digest") if isinstance(subject, dict) else None
    return found if isinstance(found, str) else ""


def compressed_size(manifest: Manifest) -> int:
    """Return what a pull of this image moves at most, in bytes: its config and all its layers.

    Raises NothingToJudgeError for a manifest with an invalid descriptor.
    """
    return sum(row.size for row in (config_of(manifest), *layers(manifest)))


def image_config(content: bytes) -> ImageConfig:
    """Read the config of an image.

    Raises NothingToJudgeError for one without a platform, or with fields of other types.
    """
    document = parse(content, "an image config")
    try:
        platform = f"{document['os']}/{document['architecture']}"
        inner = document.get("config") or {}
        return ImageConfig(
            platform,
            _labels(inner.get("Labels") or {}),
            str(inner.get("User", "")),
            tuple((document.get("rootfs") or {}).get("diff_ids") or ()),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NothingToJudgeError(
            "The configuration of an image in the registry cannot be read.",
            why=documents.reason(error),
            next_step=(
                "Look at the image with `invoke debug.registry HOST/NAME:TAG`;"
                " `invoke build` makes it anew."
            ),
        ) from error


def _labels(table: Mapping[str, Any]) -> dict[str, str]:
    for name, value in table.items():
        if not isinstance(value, str):
            raise ValueError(f"the label {name[:80]} is not a string")
    return dict(table)


def index_of(rows: Iterable[Descriptor]) -> Manifest:
    """Return an index that points at these manifests, as the referrers tag holds it."""
    body = {
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": [row.as_json() for row in rows],
    }
    return Manifest(INDEX, _encode(body))


def image_index(rows: Iterable[Descriptor], annotations: Mapping[str, str]) -> Manifest:
    """Return the index of an image's platforms, byte for byte as BuildKit writes it.

    So an image has one digest, whether one machine built all of it or each a part. Source:
    BuildKit, exporter/containerimage/writer.go, and Go's encoding/json, which escapes for HTML.
    """
    parts = []
    for row in rows:
        system, _, machine = row.platform.partition("/")
        platform = {"architecture": machine, "os": system}
        parts.append({**row.as_json(), "platform": platform})
    body: dict[str, Any] = {"schemaVersion": 2, "mediaType": INDEX, "manifests": parts}
    body |= {"annotations": dict(sorted(annotations.items()))} if annotations else {}
    text = json.dumps(body, indent=2, ensure_ascii=False)
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Manifest(INDEX, text.encode())


def standalone_artifact(
    kind: str, blobs: Iterable[Descriptor], annotations: Mapping[str, str]
) -> Manifest:
    """Return the manifest of an artifact of this type that speaks of nothing but itself."""
    return Manifest(MANIFEST, _encode(_artifact(kind, blobs, annotations)))


def artifact(
    kind: str, subject: Descriptor, blobs: Iterable[Descriptor], annotations: Mapping[str, str]
) -> Manifest:
    """Return the manifest of an artifact of this type that speaks of `subject`.

    The same content gives the same bytes: no time is written. Source: OCI image spec 1.1,
    "Guidelines for Artifact Usage".
    """
    body = {**_artifact(kind, blobs, annotations), "subject": subject.as_json()}
    return Manifest(MANIFEST, _encode(body))


def _artifact(
    kind: str, blobs: Iterable[Descriptor], annotations: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": kind,
        "config": Descriptor(EMPTY_TYPE, sha256(EMPTY), len(EMPTY)).as_json(),
        "layers": [row.as_json() for row in blobs],
        "annotations": dict(annotations),
    }


def overlay(
    files: dict[str, bytes], layer: tarfile.TarFile, is_selected: Callable[[str], bool]
) -> None:
    """Lay one layer over `files`: add what is wanted, take away what the layer deletes.

    Names are relative to the root of the image, without a slash at the start. Source: OCI image
    spec, "Image Layer Filesystem Changeset". Raises NothingToJudgeError for a file that is wanted
    and cannot be read: a link to elsewhere, a device, or one that is too large.
    """
    found: dict[str, bytes] = {}
    for member in layer:
        name = _from_root(member.name)
        folder, base = posixpath.split(name)
        if base == _OPAQUE:
            _remove(files, folder)
        elif base.startswith(_WHITEOUT):
            _remove(files, posixpath.join(folder, base.removeprefix(_WHITEOUT)))
        elif not member.isdir():
            # Whatever is no directory takes the place of one, with all that was in it.
            _remove(files, name)
            found.pop(name, None)
            if is_selected(name):
                found[name] = _content(name, member, layer, found)
                if sum(map(len, found.values())) > LARGEST_SELECTION:
                    raise NothingToJudgeError(
                        f"The files to read from a layer have more than {LARGEST_SELECTION} bytes."
                    )
    files.update(found)


def _from_root(name: str) -> str:
    """Return a member's name below the root, out of which no `..` leads."""
    return posixpath.normpath(f"/{name}").lstrip("/")


def _content(
    name: str, member: tarfile.TarInfo, layer: tarfile.TarFile, files: Mapping[str, bytes]
) -> bytes:
    """Return what is in a file that is wanted; a second name of another such file is good too."""
    if member.islnk() and (same := files.get(_from_root(member.linkname))) is not None:
        return same
    if not member.isfile():
        kind = f"a link to {member.linkname[:120]!r}" if member.linkname else "not a regular file"
        raise NothingToJudgeError(
            f"{name[:200]} in the image is {kind}.",
            why="Links and special files are not read, so its content cannot be judged.",
            next_step="Build the image with a regular file in its place.",
        )
    if member.size > LARGEST_FILE or member.issparse():
        kind = "a sparse file" if member.issparse() else f"larger than {LARGEST_FILE} bytes"
        raise NothingToJudgeError(f"{name[:200]} in the image is {kind}, and is not read.")
    return _bytes(name, member, layer)


def _bytes(name: str, member: tarfile.TarInfo, layer: tarfile.TarFile) -> bytes:
    stream = layer.extractfile(member)
    content = stream.read(member.size) if stream else b""
    if len(content) != member.size:
        raise NothingToJudgeError(f"{name[:200]} in the image is truncated.")
    return content


def _remove(files: dict[str, bytes], path: str) -> None:
    for name in [name for name in files if name == path or name.startswith(f"{path}/")]:
        del files[name]


def _rows(manifest: Manifest, key: str) -> list[Any]:
    rows = manifest.document.get(key)
    if not isinstance(rows, list):
        raise NothingToJudgeError(f"{manifest.digest} has no list of {key}.")
    return rows


def _descriptor(row: Any, where: str) -> Descriptor:
    try:
        return Descriptor(
            media_type=_typed(row["mediaType"], str),
            digest=_digest(row["digest"]),
            size=_size(row["size"]),
            platform=_platform(row.get("platform") or {}),
            artifact_type=_typed(row.get("artifactType", ""), str),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NothingToJudgeError(
            f"A descriptor in {where} is incomplete or invalid.", why=documents.reason(error)[:200]
        ) from error


def _platform(row: Mapping[str, Any]) -> str:
    """Return a platform's name; the variant is in it where the machine alone does not say it."""
    if not row:
        return ""
    machine = f"{_typed(row['os'], str)}/{_typed(row['architecture'], str)}"
    variant = _typed(row.get("variant") or "", str)
    return machine if variant in ("", _VARIANTS.get(machine)) else f"{machine}/{variant}"


def _typed(value: Any, kind: type[T]) -> T:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"not of type {kind.__name__}: {str(value)[:80]!r}")
    return value


def _digest(value: Any) -> str:
    """Return a digest as the image spec has it: it becomes a part of paths and URLs."""
    if not _DIGEST.fullmatch(_typed(value, str)):
        raise ValueError(f"not a digest: {value[:80]!r}")
    return str(value)


def _size(value: Any) -> int:
    """Return a size in bytes; what is larger than any disk is none."""
    if not 0 <= _typed(value, int) < LARGEST:
        raise ValueError(f"not a size in bytes: {str(value)[:40]}")
    return int(value)


def _encode(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
