"""The door to an image registry: exact bytes in, exact bytes out, every digest checked.

Source: OCI distribution spec 1.1 (https://github.com/opencontainers/distribution-spec).
Only what can heal is tried again: a broken connection, 429 and 5xx.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, TypeVar
from urllib.parse import urljoin, urlsplit

import requests
from requests.auth import AuthBase

from towpath.errors import (
    DigestMismatchError,
    NothingToJudgeError,
    RegistryError,
    RegistryNetworkError,
    RegistryNotFoundError,
    RegistryRateLimitedError,
    RegistryUnauthorizedError,
)
from towpath.images import Repository
from towpath.readers import oci
from towpath.readers.oci import Descriptor, Manifest

T = TypeVar("T")

TIMEOUT = (3.05, 60)  # seconds to connect, seconds without a byte
ATTEMPTS = 4
FIRST_WAIT = 0.25  # seconds; doubled for each further attempt
LONGEST_WAIT = 30.0
CHUNK = 1024 * 1024
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


class _Header(AuthBase):
    """Our own Authorization header, or none: without it requests would look into ~/.netrc."""

    def __init__(self) -> None:
        self.value = ""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self.value:
            request.headers["Authorization"] = self.value
        return request


class RegistryClient:
    """Speaks with one repository. Plain HTTP only to this machine, verified TLS elsewhere."""

    def __init__(
        self,
        repository: Repository,
        *,
        env: Mapping[str, str],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take the credentials from the Docker config that `env` names."""
        scheme = "http" if repository.is_loopback else "https"
        self.repository = repository
        self._root = f"{scheme}://{repository.registry}/v2/"
        self._base = f"{self._root}{repository.name}/"
        self._credentials = credentials(env, repository.registry)
        self._sleep = sleep
        self._auth = _Header()
        self._http = requests.Session()
        # A proxy of the company does not know this machine's own registry.
        self._http.trust_env = not repository.is_loopback

    def ping(self) -> None:
        """Raise unless the registry answers."""
        self._ask("GET", self._root)

    def resolve(self, reference: str) -> str:
        """Return the digest that a tag points at now; raises RegistryNotFoundError."""
        return self.manifest(reference).digest

    def manifest(self, reference: str) -> Manifest:
        """Return the manifest under a tag or digest, byte for byte.

        Raises DigestMismatchError if the bytes are not those of the digest that was asked for.
        """
        answer = self._ask(
            "GET", f"manifests/{reference}", headers={"Accept": ", ".join(oci.MANIFESTS)}
        )
        kind = answer.headers.get("Content-Type", "").partition(";")[0].strip()
        found = Manifest(kind, answer.content)
        if _DIGEST.fullmatch(reference) and found.digest != reference:
            raise self._mismatch(reference, found.digest)
        if kind not in oci.MANIFESTS:
            raise RegistryError(f"{self._name(reference)} is of a type we do not know: {kind!r}.")
        return found

    def put_manifest(self, reference: str, manifest: Manifest) -> bool:
        """Store these very bytes under a tag or their digest, and check that they are there.

        Returns whether the registry itself keeps account of the manifest's subject.
        """
        answer = self._ask(
            "PUT",
            f"manifests/{reference}",
            data=manifest.content,
            headers={"Content-Type": manifest.media_type},
        )
        stored = self.resolve(reference)
        if stored != manifest.digest:
            raise self._mismatch(manifest.digest, stored)
        return "OCI-Subject" in answer.headers

    def has_blob(self, digest: str) -> bool:
        """Tell whether the repository holds a blob."""
        try:
            self._ask("HEAD", f"blobs/{digest}")
        except RegistryNotFoundError:
            return False
        return True

    def put_blob(self, content: bytes, media_type: str) -> Descriptor:
        """Store a blob if it is not there, and return what points at it."""
        found = Descriptor(media_type, oci.sha256(content), len(content))
        if not self.has_blob(found.digest):
            begun = self._ask("POST", "blobs/uploads/")
            place = urljoin(begun.url, begun.headers["Location"])
            joint = "&" if urlsplit(place).query else "?"
            self._ask(
                "PUT",
                f"{place}{joint}digest={found.digest}",
                data=content,
                headers={"Content-Type": "application/octet-stream"},
            )
        return found

    def blob(self, digest: str) -> bytes:
        """Return a small blob, checked."""
        with self.open_blob(digest) as stream:
            return stream.read()

    def open_blob(self, digest: str) -> IO[bytes]:
        """Return a blob as a temporary file, checked and at its start; the caller closes it."""
        return self._healing(lambda: self._download(digest))

    def tags(self) -> list[str]:
        """Return the tags of the repository; empty where the repository does not exist yet."""
        found: list[str] = []
        place = "tags/list?n=1000"
        while place:
            try:
                answer = self._ask("GET", place)
            except RegistryNotFoundError:
                return found
            found += oci.parse(answer.content, "the list of tags").get("tags") or []
            following = answer.links.get("next", {}).get("url", "")
            place = urljoin(answer.url, following) if following else ""
        return sorted(found)

    def referrers(self, digest: str, artifact_type: str) -> list[Descriptor]:
        """Return what was attached to a digest, from the API or from its fallback tag."""
        try:
            answer = self._ask("GET", f"referrers/{digest}?artifactType={artifact_type}")
            index = Manifest(oci.INDEX, answer.content)
        except RegistryNotFoundError:
            index = self._fallback(digest)
        return [row for row in oci.entries(index) if row.artifact_type == artifact_type]

    def attach(self, subject: str, artifact: Manifest) -> None:
        """Store a manifest that has a subject, so that `referrers` finds it.

        Where the registry has no referrers API, the index under the fallback tag is extended; two
        writers at once are told apart by reading it back. Source: distribution spec 1.1,
        "Pushing Manifests with Subject".
        """
        if self.put_manifest(artifact.digest, artifact):
            return
        place = subject.replace(":", "-")
        for _ in range(ATTEMPTS):
            rows = oci.entries(self._fallback(subject))
            if artifact.digest in (row.digest for row in rows):
                return
            index = oci.index_of([*rows, artifact.descriptor])
            self._ask(
                "PUT",
                f"manifests/{place}",
                data=index.content,
                headers={"Content-Type": index.media_type},
            )
        if artifact.digest not in (row.digest for row in oci.entries(self._fallback(subject))):
            raise RegistryError(
                f"{self._name(place)} does not keep what is attached to it.",
                next_step="Somebody else writes to it at the same time; try again.",
            )

    def _fallback(self, digest: str) -> Manifest:
        try:
            return self.manifest(digest.replace(":", "-"))
        except RegistryNotFoundError:
            return oci.index_of([])

    def _download(self, digest: str) -> IO[bytes]:
        answer = self._once("GET", self._url(f"blobs/{digest}"), stream=True)
        into = tempfile.TemporaryFile(prefix="towpath-")
        seen = hashlib.sha256()
        try:
            with answer:
                for chunk in answer.iter_content(CHUNK):
                    seen.update(chunk)
                    into.write(chunk)
        except requests.RequestException as error:
            into.close()
            raise self._unreachable(error) from error
        if f"sha256:{seen.hexdigest()}" != digest:
            into.close()
            raise self._mismatch(digest, f"sha256:{seen.hexdigest()}")
        into.seek(0)
        return into

    def _ask(self, method: str, place: str, **options: Any) -> requests.Response:
        return self._healing(lambda: self._once(method, self._url(place), **options))

    def _healing(self, act: Callable[[], T]) -> T:
        """Do it, again after a pause if it failed in a way that can heal."""
        wait = FIRST_WAIT
        for _ in range(ATTEMPTS - 1):
            try:
                return act()
            except RegistryRateLimitedError as error:
                self._sleep(min(max(wait, error.seconds), LONGEST_WAIT))
            except RegistryNetworkError:
                self._sleep(wait)
            wait *= 2
        return act()

    def _once(self, method: str, url: str, **options: Any) -> requests.Response:
        answer = self._send(method, url, **options)
        if answer.status_code == 401 and self._authorize(answer):
            answer = self._send(method, url, **options)
        if not answer.ok:
            raise self._refused(answer, url)
        return answer

    def _send(self, method: str, url: str, **options: Any) -> requests.Response:
        try:
            return self._http.request(method, url, auth=self._auth, timeout=TIMEOUT, **options)
        except requests.RequestException as error:
            raise self._unreachable(error) from error

    def _authorize(self, answer: requests.Response) -> bool:
        """Answer the registry's challenge; return whether there is something new to try.

        Source: distribution's "Token Authentication Specification".
        """
        scheme, _, rest = answer.headers.get("WWW-Authenticate", "").partition(" ")
        user, password = self._credentials or ("", "")
        if scheme.lower() == "basic" and self._credentials:
            pair = base64.b64encode(f"{user}:{password}".encode()).decode()
            value = f"Basic {pair}"
        elif scheme.lower() == "bearer":
            value = f"Bearer {self._token(dict(_CHALLENGE.findall(rest)))}"
        else:
            return False
        changed = value != self._auth.value
        self._auth.value = value
        return changed

    def _token(self, challenge: Mapping[str, str]) -> str:
        realm = self._trusted(challenge.get("realm", ""))
        wanted = {key: challenge[key] for key in ("service", "scope") if key in challenge}
        try:
            answer = self._http.get(
                realm, params=wanted, auth=self._credentials or _Header(), timeout=TIMEOUT
            )
        except requests.RequestException as error:
            raise self._unreachable(error) from error
        if not answer.ok:
            raise self._refused(answer, realm)
        body = oci.parse(answer.content, "the token's answer")
        return str(body.get("token") or body.get("access_token") or "")

    def _trusted(self, realm: str) -> str:
        if urlsplit(realm).scheme != "https" and not self.repository.is_loopback:
            raise RegistryUnauthorizedError(
                f"{self.repository.registry} sends us to {realm or 'nowhere'} for a token.",
                why="Credentials go over https only.",
            )
        return realm

    def _refused(self, answer: requests.Response, url: str) -> RegistryError:
        what = f"{self.repository.registry} answered {answer.status_code} for {urlsplit(url).path}."
        why = _said(answer)
        if answer.status_code in (401, 403):
            return RegistryUnauthorizedError(
                what, why=why, next_step="Log in with `invoke registry.login`."
            )
        if answer.status_code == 404:
            return RegistryNotFoundError(what, why=why)
        if answer.status_code == 429:
            limited = RegistryRateLimitedError(what, why=why)
            limited.seconds = _seconds(answer.headers.get("Retry-After", ""))
            return limited
        if answer.status_code >= 500:
            return RegistryNetworkError(what, why=why)
        return RegistryError(what, why=why)

    def _unreachable(self, error: Exception) -> RegistryNetworkError:
        return RegistryNetworkError(
            f"The registry {self.repository.registry} cannot be reached.",
            why=f"{type(error).__name__}: {str(error).rpartition(': ')[2].strip(')>')}",
            next_step="Start it with `invoke registry.start`, or name another in TOWPATH_REGISTRY.",
        )

    def _mismatch(self, wanted: str, seen: str) -> DigestMismatchError:
        return DigestMismatchError(
            f"{self._name(wanted)} is not what {self.repository.registry} served.",
            why=f"The bytes have the digest {seen}.",
        )

    def _name(self, reference: str) -> str:
        return f"{self.repository}{'@' if ':' in reference else ':'}{reference}"

    def _url(self, place: str) -> str:
        return urljoin(self._base, place) if "://" not in place else place


def credentials(env: Mapping[str, str], registry: str) -> tuple[str, str] | None:
    """Return user and password that the Docker config keeps for a registry, or None.

    A file that is not readable as JSON counts as none: the registry itself says if it wants more.
    """
    folder = env.get("DOCKER_CONFIG") or str(Path(env.get("HOME", "/")) / ".docker")
    try:
        document = json.loads((Path(folder) / "config.json").read_bytes())
        pair = base64.b64decode(document["auths"][registry]["auth"]).decode()
    except (OSError, ValueError, KeyError, TypeError, binascii.Error):
        return None
    user, separator, password = pair.partition(":")
    return (user, password) if separator else None


def _said(answer: requests.Response) -> str:
    """Return the registry's own words, without the page of a proxy in between."""
    try:
        rows = oci.parse(answer.content, "the answer").get("errors") or []
        return "; ".join(f"{row['code']}: {row.get('message', '')}" for row in rows)
    except (NothingToJudgeError, KeyError, TypeError, AttributeError):
        return answer.reason or ""


def _seconds(text: str) -> float:
    return float(text) if text.isdigit() else 0.0
