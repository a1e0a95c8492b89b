"""A small registry in memory, on a loopback port; a test says what it holds and how it fails.

Source: OCI distribution spec 1.1. It has no referrers API, as Debian's registry 2.8 has none,
unless `referrers` is set.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.clock import QuickClock
from tests.quiet import QuietThreadingServer
from towpath.core.references import Repository
from towpath.registry import oci_reader as oci
from towpath.registry.client import RegistryClient
from towpath.registry.oci_reader import Manifest

NAME = "towpath/dashboard"
MANIFEST = re.compile(rf"/v2/{NAME}(?:-wheels)?/manifests/([^/?]+)")
BLOB = re.compile(rf"/v2/{NAME}(?:-wheels)?/blobs/(sha256:[0-9a-f]+)")
UPLOAD = re.compile(rf"/v2/{NAME}(?:-wheels)?/blobs/uploads/(.*)")
REFERRERS = re.compile(rf"/v2/{NAME}/referrers/([^/?]+)")


@dataclass
class Fault:
    """One wrong answer, given once to the next request whose line contains `where`."""

    where: str
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class Store:
    """What the registry holds, what it was asked, and how it will fail."""

    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)
    uploads: dict[str, bytes] = field(default_factory=dict)
    neighbours: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    deletes_tags: bool = True
    referrers: bool = False
    token: str = ""
    port: int = 0

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def repository(self) -> Repository:
        return Repository(self.host, NAME)

    def client(self, env: dict[str, str] | None = None) -> RegistryClient:
        """Return a client that does not wait between its attempts."""
        return RegistryClient(self.repository, env=env or {}, clock=QuickClock())


class Handler(BaseHTTPRequestHandler):
    """Answers from the store."""

    protocol_version = "HTTP/1.1"
    # One packet an answer: else every one of them waits 40 ms for an acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True
    store: Store

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the test's output clean."""

    def do_GET(self) -> None:
        self._serve()

    do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = do_GET

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        line = f"{self.command} {self.path}"
        self.store.asked.append(line)
        self.store.authorizations.append(self.headers.get("Authorization") or "")
        for fault in self.store.faults:
            if fault.where in line:
                self.store.faults.remove(fault)
                return self._answer(fault.status, fault.body, fault.headers)
        if self.path.startswith("/token"):
            return self._answer(200, json.dumps({"token": self.store.token}).encode())
        if self.store.token and self.headers.get("Authorization") != f"Bearer {self.store.token}":
            where = f'Bearer realm="http://{self.store.host}/token",service="s",scope="pull"'
            return self._answer(401, headers={"WWW-Authenticate": where})
        self._route(body)

    def _route(self, body: bytes) -> None:
        if self.path == "/v2/":
            return self._answer(200, b"{}")
        if match := MANIFEST.match(self.path):
            return self._manifest(match[1], body)
        if match := UPLOAD.match(self.path):
            return self._upload(match[1].partition("?")[0], body)
        if match := BLOB.match(self.path):
            return self._blob(match[1])
        if (match := REFERRERS.match(self.path)) and self.store.referrers:
            return self._referrers(match[1])
        if "/tags/list" in self.path:
            return self._tags()
        self._missing()

    def _manifest(self, reference: str, body: bytes) -> None:
        digest = self.store.tags.get(reference, reference)
        if self.command == "PUT":
            digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
            self.store.manifests[digest] = (self.headers["Content-Type"], body)
            if reference != digest:
                self.store.tags[reference] = digest
            subject = json.loads(body).get("subject") if self.store.referrers else None
            return self._answer(201, headers={"OCI-Subject": subject["digest"]} if subject else {})
        if digest not in self.store.manifests:
            return self._missing()
        if self.command == "DELETE":
            return self._delete(reference, digest)
        kind, content = self.store.manifests[digest]
        self._answer(200, content, {"Content-Type": kind})

    def _delete(self, reference: str, digest: str) -> None:
        if reference == digest:
            del self.store.manifests[digest]
        elif self.store.deletes_tags:
            del self.store.tags[reference]
        else:
            return self._answer(405, b'{"errors":[{"code":"UNSUPPORTED"}]}')
        self._answer(202)

    def _blob(self, digest: str) -> None:
        held = self.store.blobs.get(digest)
        if held is None:
            return self._missing()
        begin = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        if begin and self.store.ranges:
            return self._answer(206, held[int(begin[1]) :])
        self._answer(200, held)

    def _upload(self, name: str, body: bytes) -> None:
        """Serve an upload as the specification says it: what arrived of a chunk is kept."""
        uploads = self.store.uploads
        if self.command == "POST":
            return self._begin()
        if name not in uploads:
            return self._missing()
        if self.command == "GET":
            return self._standing(204, name)
        start = (self.headers.get("Content-Range") or "").partition("-")[0]
        if start and int(start) != len(uploads[name]):
            return self._standing(416, name)
        uploads[name] += body
        if self.command == "PATCH":
            return self._standing(202, name)
        digest = f"sha256:{hashlib.sha256(uploads[name]).hexdigest()}"
        if not self.path.endswith(f"digest={digest}"):
            return self._answer(400, b'{"errors":[{"code":"DIGEST_INVALID"}]}')
        self.store.blobs[digest] = uploads.pop(name)
        self._answer(201)

    def _begin(self) -> None:
        mounted = re.search(r"mount=(sha256%3A[0-9a-f]+)&from=", self.path)
        digest = mounted[1].replace("%3A", ":") if mounted else ""
        if digest in self.store.neighbours:
            self.store.blobs[digest] = self.store.neighbours[digest]
            return self._answer(201)
        name = f"u{len(self.store.asked)}"
        self.store.uploads[name] = b""
        self._standing(202, name)

    def _standing(self, status: int, name: str) -> None:
        last = max(0, len(self.store.uploads[name]) - 1)
        place = f"/v2/{NAME}/blobs/uploads/{name}?state=x"
        self._answer(status, headers={"Location": place, "Range": f"0-{last}"})

    def _referrers(self, digest: str) -> None:
        rows = [
            Manifest(kind, content).descriptor
            for kind, content in self.store.manifests.values()
            if (json.loads(content).get("subject") or {}).get("digest") == digest
        ]
        self._answer(200, oci.index_of(rows).content)

    def _tags(self) -> None:
        names = sorted(self.store.tags)
        first, rest = (names[:1], names[1:]) if "last=" not in self.path else (names[1:], [])
        link = f'</v2/{NAME}/tags/list?last={first[0]}>; rel="next"' if rest else ""
        body = json.dumps({"name": NAME, "tags": first or None}).encode()
        self._answer(200, body, {"Link": link} if link else {})

    def _missing(self) -> None:
        self._answer(404, b'{"errors":[{"code":"UNKNOWN","message":"it is not here"}]}')

    def _answer(
        self, status: int, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if "Content-Length" in (headers or {}):
            # A test promises more than it sends: the connection breaks in the middle.
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


@contextmanager
def serving() -> Iterator[Store]:
    """Serve a new store on a free loopback port while the block runs."""
    store = Store()
    handler = type("StoreHandler", (Handler,), {"store": store})
    server = QuietThreadingServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    store.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield store
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def push_image(
    registry: RegistryClient,
    labels: dict[str, str],
    platforms: tuple[str, ...] = ("linux/amd64", "linux/arm64"),
    layer: bytes = b"layer",
    tag: str = "building",
    more: tuple[bytes, ...] = (),
) -> Manifest:
    """Push an image for these platforms under a tag, and return its index.

    `more` are the layers above the first.
    """
    blobs = [
        registry.put_blob(content, "application/vnd.oci.image.layer.v1.tar+gzip").as_json()
        for content in (layer, *more)
    ]
    children = []
    for platform in platforms:
        system, architecture = platform.split("/")
        config: dict[str, Any] = {
            "os": system,
            "architecture": architecture,
            "config": {"Labels": labels},
        }
        config["rootfs"] = {"diff_ids": [f"sha256:{number}" for number in range(len(blobs))]}
        where = registry.put_blob(
            json.dumps(config).encode(), "application/vnd.oci.image.config.v1+json"
        )
        body = {"schemaVersion": 2, "config": where.as_json(), "layers": blobs}
        manifest = Manifest(oci.MANIFEST, json.dumps({**body, "mediaType": oci.MANIFEST}).encode())
        registry.put_manifest(manifest.digest, manifest)
        children.append((manifest.descriptor, system, architecture))
    rows = [
        row.as_json() | {"platform": {"os": system, "architecture": architecture}}
        for row, system, architecture in children
    ]
    index = Manifest(
        oci.INDEX,
        json.dumps({"schemaVersion": 2, "mediaType": oci.INDEX, "manifests": rows}).encode(),
    )
    registry.put_manifest(tag, index)
    return index


def push_artifact(registry: RegistryClient, index: Manifest) -> Manifest:
    """Attach an artifact with one blob to an image, and return the image."""
    registry.put_blob(oci.EMPTY, oci.EMPTY_TYPE)
    blob = registry.put_blob(b"evidence", "text/plain")
    registry.attach(index.digest, oci.artifact("application/x", index.descriptor, [blob], {}))
    return index
