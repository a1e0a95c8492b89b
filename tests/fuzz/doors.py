"""Readers that are no public function of the rooms walked: behind a file, a socket or a class."""

from __future__ import annotations

import http.client
import socket
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from tests.state import DirectoryState
from towpath.checks.lint.readers import checkstyle
from towpath.checks.security import advisories
from towpath.checks.security.advisories_reader import Advisory
from towpath.checks.tests import junit_reader as junit
from towpath.config import loading, reading
from towpath.config.model import Config
from towpath.core.errors import CommandFailedError
from towpath.core.findings import ToolResult
from towpath.core.runner import Outcome
from towpath.engine import contexts
from towpath.environments import page_reader
from towpath.evidence import exchange
from towpath.evidence.journal import History, Journal
from towpath.images import cache
from towpath.images import elf_reader as elf
from towpath.images import layers
from towpath.pipeline import report
from towpath.registry import oci_reader as oci
from towpath.registry.client import credentials, loopback, uploads
from towpath.registry.client.auth import Access
from towpath.registry.client.metered_socket import MeteredSocket
from towpath.registry.client.wire import Response
from towpath.scanning import contents as inventory
from towpath.scanning import debian_reader as debian
from towpath.scanning import distributions_reader as distributions
from towpath.source import requirements_reader as requirements

REGISTRY = "registry.example:5000"


def docker_config(document: str) -> object:
    """Read the logins of a client's settings."""
    env = {credentials.VARIABLE: document.replace("\0", ""), "HOME": "/nonexistent"}
    return credentials.look_up(env, REGISTRY, _unknown, "team/app")


def pages(said: str) -> object:
    """Read what a web container answered to requests for pages."""
    return page_reader.read_answers(0, said, 2)


def credential_helper(said: str) -> object:
    """Read what a program answered that keeps passwords."""
    document = f'{{"credsStore": "x", "auths": {{"{REGISTRY}": {{}}}}}}'
    env = {credentials.VARIABLE: document, "HOME": "/nonexistent"}
    return credentials.look_up(
        env, REGISTRY, lambda argv, _: Outcome(tuple(argv), 0, said, "", 0.0)
    )


def token(answer: Response) -> object:
    """Read what a server of tokens answered."""
    access = Access(
        REGISTRY, is_loopback=False, find=credentials.LoginSource, send=lambda *_: answer
    )
    return access._read(answer, "https://auth.example/token")


def upload_place(raw: bytes) -> object:
    """Read where an upload goes on; a file of ours that others may have written."""
    with tempfile.TemporaryDirectory() as folder:
        places = uploads.UploadSessions(Path(folder))
        places.remember("key", "place")
        for file in Path(folder).iterdir():
            file.write_bytes(raw)
        return places.recall("key")


def http_answer(raw: bytes) -> object:
    """Read an answer off a socket to the registry of this machine; raises OSError."""
    ours, theirs = socket.socketpair()
    connection = loopback._Connection.__new__(loopback._Connection)
    http.client.HTTPConnection.__init__(connection, "127.0.0.1")
    connection.adopt(MeteredSocket(ours.detach()))
    with theirs, loopback._as_os_error(connection):
        connection.write("GET", urlsplit("http://127.0.0.1/"), {}, b"")
        theirs.sendall(raw[:60_000])
        theirs.shutdown(socket.SHUT_WR)
        answer = connection.head("GET")
        headers = loopback._headers(answer)
        length = loopback._length(answer, headers, "GET")
        body = loopback._AnswerBody(connection, answer, length, lambda whole: None)
        found = Response("http://127.0.0.1/", answer.status, answer.reason, headers, body)
        content = found.document(1 << 20)
    connection.disconnect()
    return content


def docker_context(raw: bytes, meta: bytes) -> object:
    """Read which engine the client's settings name."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        name = oci.sha256(b"far").partition(":")[2]
        (place / "config.json").write_bytes(raw)
        there = place / "contexts" / "meta" / name
        there.mkdir(parents=True)
        (there / "meta.json").write_bytes(meta)
        contexts.named({"DOCKER_CONFIG": folder, "DOCKER_CONTEXT": "far"})
        return contexts.named({"DOCKER_CONFIG": folder})


def settings_table(table: Mapping[str, Any]) -> object:
    """Read the settings of a project, as a table."""
    return reading.parse(table, Path("/nonexistent"), {"HOME": "/nonexistent"})


def settings_file(raw: bytes) -> object:
    """Read the settings of a project, as a file."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pyproject.toml").write_bytes(raw)
        return loading.load(Path(folder), {"HOME": "/nonexistent"})


def pipeline_report(raw: bytes) -> object:
    """Read the report of the last run."""
    with tempfile.TemporaryDirectory() as folder:
        config = replace(_config(), root=Path(folder))
        file = report.path(config)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(raw)
        return report.read_report(config)


def journal(raw: bytes) -> object:
    """Read the steps of a deployment that was ended."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "journal"
        file.write_bytes(raw)
        return Journal(DirectoryState(file.parent), file.name).read()


def history(raw: bytes) -> object:
    """Read what an environment has run."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "history.json"
        file.write_bytes(raw)
        found = History(DirectoryState(file.parent), file.name)
        return found.releases(), found.migrations()


def cache_made(raw: bytes) -> object:
    """Read when a build cache of a registry was made."""
    return cache._made(raw)


def advisory(row: Mapping[str, Any]) -> object:
    """Read an advisory that was kept; raises TypeError or KeyError for what is none."""
    return Advisory.from_json(row)


def requirement_lines(text: str) -> object:
    """Read what each line of a requirements file says of itself."""
    rows = requirements.lines(text)
    return [(row.requirement, row.hashes, row.file("-r", "--requirement")) for row in rows]


def statements(raw: bytes) -> object:
    """Read the evidence that another job of CI handed on."""
    return exchange._statements(Path("evidence.json"), raw)


def advisories_file(raw: bytes) -> object:
    """Read how old a file of advisories is."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "insecure.json").write_bytes(raw)
        return advisories._file(Path(folder), "insecure.json")


def layer_files(stream: IO[bytes]) -> object:
    """Read what a layer of an image says of its packages."""
    files: dict[str, bytes] = {}
    with layers.opened(stream, "The layer") as tar:
        oci.overlay(files, tar, inventory._wanted)
    return debian.codename(files), debian.installed(files), distributions.read_distributions(files)


def layer_programs(stream: IO[bytes]) -> object:
    """Read for which machines the programs of a layer are."""
    with layers.opened(stream, "The layer") as tar:
        return elf.machines(tar)


def xml_report(text: str) -> object:
    """Read XML of a tool."""
    return junit.read_junit(text, "report.xml"), checkstyle.read_checkstyle(
        "hadolint", ToolResult(0, text, "", 1)
    )


def _unknown(argv: list[str], text: str) -> Outcome:
    raise CommandFailedError("There is no such program.")


def _config() -> Config:
    return reading.parse({"name": "fuzz"}, Path("/nonexistent"), {"HOME": "/nonexistent"})
