"""One repository of a registry: manifests, blobs, tags, and what is attached to them."""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING
from urllib.parse import urlencode, urljoin

from towpath.clients.registry.asking import ATTEMPTS, Asking
from towpath.clients.registry.wire import PIECE, Answer
from towpath.errors import RegistryError, RegistryNotFoundError, RegistryRefusedError
from towpath.readers import oci
from towpath.readers.oci import Descriptor, Manifest

if TYPE_CHECKING:
    import threading

    from towpath.clients.registry.reading import Reading

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class RegistryClient(Asking):
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
        return self.healing(lambda: self._manifest(reference))

    def _manifest(self, reference: str) -> Manifest:
        answer = self.once(
            "GET", f"manifests/{reference}", headers={"Accept": ", ".join(oci.MANIFESTS)}
        )
        kind = answer.headers.get("content-type", "").partition(";")[0].strip()
        found = Manifest(kind, self._whole(answer))
        promised = answer.headers.get("docker-content-digest", "")
        wanted = reference if _DIGEST.fullmatch(reference) else promised
        if _DIGEST.fullmatch(wanted) and found.digest != wanted:
            raise self._mismatch(wanted, found.digest)
        if kind not in oci.MANIFESTS:
            raise RegistryError(f"{self.name(reference)} is of a type we do not know: {kind!r}.")
        return found

    def has_manifest(self, digest: str) -> bool:
        """Tell whether the repository holds a manifest."""
        return self._has(f"manifests/{digest}")

    def put_manifest(self, reference: str, manifest: Manifest) -> bool:
        """Store these very bytes under a tag or their digest, and check that they are there.

        Returns whether the registry itself keeps account of the manifest's subject.
        """
        answer = self.ask(
            "PUT",
            f"manifests/{reference}",
            headers={"Content-Type": manifest.media_type},
            body=manifest.content,
        )
        stored = self.resolve(reference)
        if stored != manifest.digest:
            raise self._mismatch(manifest.digest, stored)
        return "oci-subject" in answer.headers

    def retag(self, reference: str, tag: str) -> Manifest:
        """Give an image one more name: the same bytes, every platform asked for, and read back."""
        found = self.manifest(reference)
        for row in oci.entries(found) if found.is_index else ():
            if not self.has_manifest(row.digest):
                raise RegistryNotFoundError(f"{self.name(row.digest)} is not there; no tag moved.")
        self.put_manifest(tag, found)
        return found

    def delete(self, reference: str) -> None:
        """Take away a manifest by its digest, or a tag by its name.

        Raises RegistryNotFoundError, and RegistryRefusedError where the registry deletes nothing
        or, as distribution 2.8, no tags.
        """
        self.ask("DELETE", f"manifests/{reference}")

    def has_blob(self, digest: str) -> bool:
        """Tell whether the repository holds a blob."""
        return self._has(f"blobs/{digest}")

    def put_blob(self, content: bytes, media_type: str) -> Descriptor:
        """Store a blob if it is not there, and return what points at it."""
        from towpath.clients.registry.uploads import put

        found = Descriptor(media_type, oci.sha256(content), len(content))
        if not self.has_blob(found.digest):
            put(self, found.digest, content)
        return found

    def mount(self, digest: str, repository: str) -> bool:
        """Take over a blob of another repository in this registry; False if it will not do it."""
        query = urlencode({"mount": digest, "from": repository})
        try:
            return self.ask("POST", f"blobs/uploads/?{query}").status == 201
        except (RegistryNotFoundError, RegistryRefusedError):
            return False

    def blob(self, digest: str) -> bytes:
        """Return a small blob, checked."""
        with self.open_blob(digest) as stream:
            return stream.read()

    def open_blob(self, digest: str) -> IO[bytes]:
        """Return a blob as a temporary file, checked and at its start; the caller closes it."""
        import hashlib
        import tempfile

        into = tempfile.TemporaryFile(prefix="towpath-")
        try:
            seen = hashlib.sha256()
            with self.reading(digest) as source:
                while piece := source.read(PIECE):
                    seen.update(piece)
                    into.write(piece)
            if f"sha256:{seen.hexdigest()}" != digest:
                raise self._mismatch(digest, f"sha256:{seen.hexdigest()}")
        except BaseException:
            into.close()
            raise
        into.seek(0)
        return into

    def reading(self, digest: str, halt: threading.Event | None = None) -> Reading:
        """Return the bytes of a blob as they come; what breaks is gone on with where it broke.

        Once `halt` is set, reading on raises InterruptedRunError.
        """
        from towpath.clients.registry.reading import Reading

        def begin(offset: int) -> Answer:
            headers = {"Range": f"bytes={offset}-"} if offset else {}
            return self.once("GET", f"blobs/{digest}", headers=headers)

        return Reading(begin, self.healing, self._broke, halt)

    def tags(self) -> list[str]:
        """Return the tags of the repository; empty where the repository does not exist yet."""
        found: list[str] = []
        place = "tags/list?n=1000"
        while place:
            try:
                answer = self.ask("GET", place)
            except RegistryNotFoundError:
                return found
            found += oci.parse(answer.content, "the list of tags").get("tags") or []
            place = _following(answer)
        return sorted(found)

    def referrers(self, digest: str, artifact_type: str = "") -> list[Descriptor]:
        """Return what was attached to a digest, from the API or from its fallback tag.

        Without a type everything that is attached.
        """
        query = f"?{urlencode({'artifactType': artifact_type})}" if artifact_type else ""
        try:
            found = self._pages(f"referrers/{digest}{query}")
        except (RegistryNotFoundError, RegistryRefusedError):
            found = oci.entries(self._fallback(digest))
        return [row for row in found if artifact_type in ("", row.artifact_type)]

    def attach(self, subject: str, *artifacts: Manifest) -> None:
        """Store manifests that have this subject, so that `referrers` finds them.

        Where the registry has no referrers API, the index under the fallback tag is extended; two
        writers at once are told apart by reading it back. Source: distribution spec 1.1,
        "Pushing Manifests with Subject".
        """
        left = [row for row in artifacts if not self.put_manifest(row.digest, row)]
        for _ in range(ATTEMPTS if left else 0):
            listed, left = self._unlisted(subject, left)
            if not left:
                return
            index = oci.index_of([*listed, *(row.descriptor for row in left)])
            kind = {"Content-Type": index.media_type}
            self.ask("PUT", f"manifests/{_fallback_tag(subject)}", headers=kind, body=index.content)
        if left and self._unlisted(subject, left)[1]:
            raise RegistryError(
                f"{self.name(_fallback_tag(subject))} does not keep what is attached to it.",
                next_step="Somebody else writes to it at the same time; try again.",
            )

    def _unlisted(
        self, subject: str, artifacts: list[Manifest]
    ) -> tuple[list[Descriptor], list[Manifest]]:
        """Return what the fallback tag lists, and which of the artifacts it does not."""
        listed = oci.entries(self._fallback(subject))
        known = {row.digest for row in listed}
        return listed, [row for row in artifacts if row.digest not in known]

    def _has(self, place: str) -> bool:
        try:
            self.ask("HEAD", place, headers={"Accept": ", ".join((*oci.MANIFESTS, "*/*"))})
        except RegistryNotFoundError:
            return False
        return True

    def _fallback(self, digest: str) -> Manifest:
        try:
            return self.manifest(_fallback_tag(digest))
        except RegistryNotFoundError:
            return oci.index_of([])

    def _pages(self, place: str) -> list[Descriptor]:
        found: list[Descriptor] = []
        while place:
            answer = self.ask("GET", place)
            found += oci.entries(Manifest(oci.INDEX, answer.content))
            place = _following(answer)
        return found


def _fallback_tag(digest: str) -> str:
    """Return the tag that lists what is attached to a digest, where there is no referrers API."""
    return digest.replace(":", "-")


def _following(answer: Answer) -> str:
    """Return where the next page is; empty at the last. Source: RFC 8288."""
    for row in answer.headers.get("link", "").split(","):
        place, _, rest = row.strip().partition(">")
        if 'rel="next"' in rest or "rel=next" in rest:
            return urljoin(answer.url, place.removeprefix("<"))
    return ""
