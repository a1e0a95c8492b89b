"""One repository of a registry: manifests, blobs, tags, and what is attached to them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import IO, TYPE_CHECKING
from urllib.parse import urlencode

from towpath.core.errors import (
    AttachmentLostError,
    NothingToJudgeError,
    RegistryError,
    RegistryNotFoundError,
    RegistryRefusedError,
    RegistryUnauthorizedError,
)
from towpath.registry import oci_reader as oci
from towpath.registry.client.transport import RegistryTransport
from towpath.registry.client.wire import PIECE, Response
from towpath.registry.oci_reader import Descriptor, Manifest

if TYPE_CHECKING:
    import threading

    from towpath.registry.client.download import Download

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
# A tag, or a digest, as a part of a URL. Source: OCI distribution spec 1.1, "Pulling manifests".
_REFERENCE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}(?::[0-9a-fA-F]{1,128})?")
MOST_PAGES = 10_000
SMALL = 256 * 1024 * 1024  # bytes of a blob that is read into memory


class RegistryClient(RegistryTransport):
    """Speaks with one repository of a registry."""

    def ping(self, *, patient: bool = True) -> None:
        """Raise unless the registry answers; without patience it is asked once."""
        self.ask("GET", self._root) if patient else self.once("GET", self._root)

    def resolve(self, reference: str) -> str:
        """Return the digest that a tag points at now; raises RegistryNotFoundError."""
        return self.manifest(reference).digest

    def manifest(self, reference: str) -> Manifest:
        """Return the manifest under a tag or digest, byte for byte.

        Raises DigestMismatchError if the bytes are not those of the digest that was asked for.
        """
        return self.with_retry(lambda: self._manifest(reference))

    def _manifest(self, reference: str) -> Manifest:
        place = f"manifests/{self._checked(reference)}"
        answer = self.once("GET", place, headers={"Accept": ", ".join(oci.MANIFESTS)})
        kind = answer.headers.get("content-type", "").partition(";")[0].strip()
        found = Manifest(kind, self._read_body(answer))
        promised = answer.headers.get("docker-content-digest", "")
        wanted = reference if _DIGEST.fullmatch(reference) else promised
        if _DIGEST.fullmatch(wanted) and found.digest != wanted:
            raise self._mismatch(wanted, found.digest)
        if kind not in oci.MANIFESTS:
            raise RegistryError(f"{self.name(reference)} has an unsupported media type: {kind!r}.")
        return found

    def has_manifest(self, digest: str, *, to_push: bool = False) -> bool:
        """Tell whether the repository holds a manifest; see `has_blob` for `to_push`.

        Raises RegistryError if that cannot be determined, or `digest` is not a digest.
        """
        return self._has(f"manifests/{self._checked(digest)}", to_push)

    def put_manifest(self, reference: str, manifest: Manifest) -> bool:
        """Store these very bytes under a tag or their digest, and check that they are there.

        Returns whether the registry itself keeps account of the manifest's subject. Raises
        DigestMismatchError if the registry stores other bytes, and RegistryError if it refuses them
        or `reference` is invalid.
        """
        answer = self.ask(
            "PUT",
            f"manifests/{self._checked(reference)}",
            headers={"Content-Type": manifest.media_type},
            body=manifest.content,
        )
        self.awaiting(lambda: self._require_stored(reference, manifest.digest))
        return "oci-subject" in answer.headers

    def _require_stored(self, reference: str, digest: str) -> None:
        stored = self.resolve(reference)
        if stored != digest:
            raise self._mismatch(digest, stored)

    def delete(self, reference: str) -> None:
        """Take away a manifest by its digest, or a tag by its name.

        Raises RegistryNotFoundError, and RegistryRefusedError where the registry deletes nothing
        or, as distribution 2.8, no tags. Raises RegistryError for an invalid reference.
        """
        self.ask("DELETE", f"manifests/{self._checked(reference)}")

    def has_blob(self, digest: str, *, to_push: bool = False) -> bool:
        """Tell whether the repository holds a blob.

        With `to_push` a registry that lets nobody read counts as one without it: many say so of a
        repository that the first push makes. Raises RegistryError if that cannot be determined, or
        `digest` is not a digest.
        """
        return self._has(f"blobs/{self._checked(digest)}", to_push)

    def put_blob(self, content: bytes, media_type: str) -> Descriptor:
        """Store a blob if it is not there, and return what points at it.

        Raises RegistryError if the registry refuses it.
        """
        from towpath.registry.client.uploads import put

        found = Descriptor(media_type, oci.sha256(content), len(content))
        if not self.has_blob(found.digest, to_push=True):
            put(self, found.digest, content)
        return found

    def mount(self, digest: str, repository: str) -> bool:
        """Take over a blob of another repository in this registry; False if it will not do it."""
        query = urlencode({"mount": digest, "from": repository})
        try:
            return self.ask("POST", f"blobs/uploads/?{query}").status == 201
        except (RegistryNotFoundError, RegistryRefusedError, RegistryUnauthorizedError):
            # What we may not take over, we may still send.
            return False

    def blob(self, digest: str, size: int = SMALL) -> bytes:
        """Return a small blob, checked; raises RegistryError for more than `size` bytes."""
        with self.open_blob(digest, size) as stream:
            return stream.read()

    def content(self, descriptor: Descriptor) -> bytes:
        """Return what a descriptor points at, checked: not more bytes than it says."""
        return self.blob(descriptor.digest, min(descriptor.size, SMALL))

    def open_blob(self, digest: str, size: int | None = None) -> IO[bytes]:
        """Return a blob as a temporary file, checked and at its start; the caller closes it.

        Raises RegistryError as soon as it has more than `size` bytes, and DigestMismatchError.
        """
        import hashlib
        import tempfile

        into = tempfile.TemporaryFile(prefix="towpath-")
        try:
            seen = hashlib.sha256()
            with self.reading(digest) as source:
                while piece := source.read(PIECE):
                    seen.update(piece)
                    if size is not None and into.tell() + len(piece) > size:
                        raise RegistryError(
                            f"{self.name(digest)} is larger than its manifest says.",
                            why=f"The registry sent more than {size} bytes.",
                        )
                    into.write(piece)
            if f"sha256:{seen.hexdigest()}" != digest:
                raise self._mismatch(digest, f"sha256:{seen.hexdigest()}")
        except BaseException:
            into.close()
            raise
        into.seek(0)
        return into

    def reading(self, digest: str, halt: threading.Event | None = None) -> Download:
        """Return the bytes of a blob as they come; what breaks is gone on with where it broke.

        Once `halt` is set, reading on raises InterruptedRunError. Raises RegistryError if `digest`
        is not a digest.
        """
        from towpath.registry.client.download import Download

        place = f"blobs/{self._checked(digest)}"

        def begin(offset: int) -> Response:
            headers = {"Range": f"bytes={offset}-"} if offset else {}
            return self.once("GET", place, headers=headers)

        return Download(begin, self.with_retry, self._broke, halt)

    def tags(self) -> list[str]:
        """Return the tags of the repository; empty where the repository does not exist yet.

        Raises RegistryError if the registry cannot be asked or lists something else, and
        NothingToJudgeError for an invalid document.
        """
        from towpath.registry.client import pages

        try:
            first = self.ask("GET", "tags/list?n=1000", home_only=True)
        except RegistryNotFoundError:
            return []
        rows = pages.every(self, first, MOST_PAGES)
        return sorted({tag for answer in rows for tag in pages.tags(answer.content)})

    def referrers(self, digest: str, artifact_type: str = "") -> list[Descriptor]:
        """Return what was attached to a digest, from the API or from its fallback tag.

        Without a type everything that is attached. What answers with something else than a list, a
        page for people for example, has no such API. Raises RegistryError if the registry cannot be
        asked, or `digest` is not a digest.
        """
        from towpath.registry.client import pages

        query = f"?{urlencode({'artifactType': artifact_type})}" if artifact_type else ""
        try:
            place = f"referrers/{self._checked(digest)}{query}"
            first = self.ask("GET", place, home_only=True)
            found = oci.entries(Manifest(oci.INDEX, first.content))
        except (RegistryNotFoundError, RegistryRefusedError, NothingToJudgeError):
            found = oci.entries(self._fallback(digest))
        else:
            for answer in pages.after(self, first, MOST_PAGES):
                found += oci.entries(Manifest(oci.INDEX, answer.content))
        return [row for row in found if artifact_type in ("", row.artifact_type)]

    def attach(self, subject: str, *artifacts: Manifest) -> None:
        """Store manifests that have this subject, so that `referrers` finds them.

        Where the registry has no referrers API, the index under the fallback tag is extended; two
        writers at once are told apart by reading it back. Source: distribution spec 1.1, "Pushing
        Manifests with Subject". Raises AttachmentLostError if they are not listed in the end, and
        RegistryError.
        """
        left = [row for row in artifacts if not self.put_manifest(row.digest, row)]
        if not left:
            return
        ours = self._attached.setdefault(subject, {})
        ours |= {row.digest: row.descriptor for row in left}

        def extend() -> None:
            listed = oci.entries(self._fallback(subject))
            known = {row.digest for row in listed}
            if all(row.digest in known for row in left):
                return
            self._put_fallback(subject, listed, ours)
            # What was written is read back after the wait; until then it counts as lost.
            raise AttachmentLostError(
                f"{self.name(_fallback_tag(subject))} does not list a new attachment.",
                next_step="Another process may be writing to it; run the command again.",
            )

        self.with_retry(extend, lambda error: isinstance(error, AttachmentLostError))

    def _put_fallback(
        self, subject: str, listed: list[Descriptor], ours: Mapping[str, Descriptor]
    ) -> None:
        """Put under the fallback tag what it lists, and what we attached that it does not."""
        known = {row.digest for row in listed}
        index = oci.index_of([*listed, *(row for row in ours.values() if row.digest not in known)])
        kind = {"Content-Type": index.media_type}
        self.ask("PUT", f"manifests/{_fallback_tag(subject)}", headers=kind, body=index.content)

    def _has(self, place: str, to_push: bool) -> bool:
        try:
            self.ask("HEAD", place, headers={"Accept": ", ".join((*oci.MANIFESTS, "*/*"))})
        except RegistryNotFoundError:
            return False
        except RegistryUnauthorizedError:
            if to_push:
                return False
            raise
        return True

    def _checked(self, reference: str) -> str:
        """Return a tag or digest that can be a part of a URL, and of nothing else in it."""
        if not _REFERENCE.fullmatch(reference):
            shown = reference[:100]
            raise RegistryError(f"{shown!r} is not a valid tag or digest for {self.repository}.")
        return reference

    def _fallback(self, digest: str) -> Manifest:
        try:
            return self.manifest(_fallback_tag(digest))
        except RegistryNotFoundError:
            return oci.index_of([])


def _fallback_tag(digest: str) -> str:
    """Return the tag that lists what is attached to a digest, where there is no referrers API."""
    return digest.replace(":", "-")
