"""Debian's security archive: nothing is believed that Debian may not have said."""

from __future__ import annotations

import datetime as dt
import lzma
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import QuietTerminal, TableRunner, outcome
from tests.unit.scanning.scanning import CURRENT, MADE, NEWER, in_release, verifier
from towpath import config
from towpath.config.workspace import Workspace
from towpath.core.errors import CommandFailedError, NothingToJudgeError
from towpath.core.runner import Outcome, Runner
from towpath.evidence import record as stages
from towpath.evidence.advisory_sources import AdvisorySource
from towpath.scanning import archive_client as door
from towpath.scanning import security_archive as archive
from towpath.scanning import signatures_commands as signatures
from towpath.scanning.archive_client import Fetched
from towpath.scanning.security_archive import Archive

SIGNED = Path(__file__).parents[2] / "fixtures" / "archive"
MIRROR = "http://mirror.example/debian-security"
SUITE = f"{MIRROR}/dists/trixie-security"
LIST, PACKAGES = f"{SUITE}/InRelease", f"{SUITE}/main/binary-amd64/Packages.xz"


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be two days after the list of the tests was made."""
    monkeypatch.setattr(stages, "now", lambda: MADE + dt.timedelta(days=2))


def served(monkeypatch: pytest.MonkeyPatch, files: Mapping[str, bytes], secure: bool) -> list[str]:
    """Let an archive have these files; return what it was asked for."""
    asked: list[str] = []

    def fetch(address: str, limit: int) -> Fetched:
        asked.append(address)
        if address not in files:
            raise NothingToJudgeError(f"{address} could not be asked.", why="404")
        return Fetched(files[address], secure)

    monkeypatch.setattr(door, "fetch", fetch)
    return asked


def workspace_of(root: Path, mirror: str = MIRROR, **answers: Any) -> Workspace:
    """Return a session whose environment names a mirror."""
    env = {"TOWPATH_DEBIAN_SECURITY": mirror, "PATH": os.environ["PATH"]}
    return Workspace(config.parse({}, root, env), TableRunner(answers), QuietTerminal())


def real(root: Path) -> Archive:
    """Return the archive with the real programs that check signatures."""
    workspace = workspace_of(root)
    runner = Runner(workspace.terminal, env=workspace.config.env, cwd=root)
    return Archive(
        Workspace(workspace.config, runner, workspace.terminal), {}, str(SIGNED / "keyring.gpg")
    )


@pytest.mark.door
def test_a_mirror_over_http_is_believed_where_debian_has_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its address, what was checked and its age are what evidence shows; it is not foreign."""
    files = {
        LIST: (SIGNED / "InRelease").read_bytes(),
        PACKAGES: (SIGNED / "Packages.xz").read_bytes(),
    }
    served(monkeypatch, files, secure=False)

    text, asked = real(tmp_path).packages("trixie", "amd64")

    assert text == NEWER
    name = "Debian's security archive, trixie"
    assert asked == AdvisorySource(name, MIRROR, "Debian's signature", 2.0, foreign=False)


@pytest.mark.door
@pytest.mark.parametrize("how", ["of another key", "changed", "without", "around"])
def test_what_debian_has_not_signed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Another's key, a changed letter, no signature, and words beside the signed ones."""
    signed = (SIGNED / "InRelease").read_bytes()
    forged = {
        "of another key": (SIGNED / "InRelease.others").read_bytes(),
        "changed": signed.replace(b"01 Dec 2026", b"01 Dec 2036"),
        "without": signed.partition(b"-----BEGIN PGP SIGNATURE")[0].partition(b"\n\n")[2],
        "around": in_release(CURRENT) + signed,
    }[how]
    content = lzma.compress(CURRENT.encode())
    served(monkeypatch, {LIST: forged, PACKAGES: content}, secure=True)

    with pytest.raises(NothingToJudgeError):
        real(tmp_path).packages("trixie", "amd64")


@pytest.mark.parametrize("keyring", ["/nonexistent/keyring.gpg", __file__])
def test_http_without_a_way_to_check_the_signature_is_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keyring: str
) -> None:
    """Without Debian's keys, or without a program that could use them."""

    def missing(argv: tuple[str, ...]) -> Outcome:
        raise CommandFailedError(f"{argv[0]} is not installed or not on PATH.")

    served(monkeypatch, {LIST: in_release(CURRENT)}, secure=False)
    workspace = workspace_of(tmp_path, gpgv=missing, sqv=missing)

    with pytest.raises(NothingToJudgeError) as caught:
        Archive(workspace, {}, keyring).packages("trixie", "amd64")

    assert "is not accessed over https, and its signature cannot be checked" in caught.value.why


@pytest.mark.parametrize(("mirror", "foreign"), [(archive.ARCHIVE, False), (MIRROR, True)])
def test_https_alone_is_believed_and_another_mirror_is_foreign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mirror: str, foreign: bool
) -> None:
    """Who answers at Debian's own address over https is Debian."""
    suite = f"{mirror}/dists/trixie-security"
    content = lzma.compress(CURRENT.encode())
    path = f"{suite}/main/binary-amd64/Packages.xz"
    served(monkeypatch, {f"{suite}/InRelease": in_release(CURRENT), path: content}, secure=True)

    _, asked = Archive(workspace_of(tmp_path, mirror), {}, "/nonexistent").packages(
        "trixie", "amd64"
    )

    assert (asked.checked, asked.foreign, asked.address) == ("https", foreign, mirror)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"suite": "bookworm-security"}, "is for bookworm-security"),
        ({"Valid_Until": "Wed, 25 Nov 2026 00:00:00 UTC"}, "expired on 2026-11-25"),
        ({"Date": "Tue, 24 Nov 2037 00:00:00 UTC"}, "a date in the future"),
        ({"Date": "soon"}, "Cannot read"),
        ({"Valid_Until": "later"}, "Cannot read"),
    ],
)
def test_a_list_that_was_signed_once_does_not_stand_for_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fields: dict[str, str], said: str
) -> None:
    """Another suite's, one whose time is over, and one that has no time."""
    content = lzma.compress(CURRENT.encode())
    served(monkeypatch, {LIST: in_release(CURRENT, **fields), PACKAGES: content}, secure=True)

    with pytest.raises(NothingToJudgeError) as caught:
        Archive(workspace_of(tmp_path), {}, "/nonexistent").packages("trixie", "amd64")

    assert said in f"{caught.value.what} {caught.value.why}"


@pytest.mark.parametrize("content", [b"", b"other", b"\xfd7zXZ\x00 half"])
def test_a_list_of_packages_has_to_be_the_promised_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    """An empty one would make every image clean."""
    served(monkeypatch, {LIST: in_release(CURRENT), PACKAGES: content}, secure=True)

    with pytest.raises(NothingToJudgeError, match="does not match the hash in InRelease"):
        Archive(workspace_of(tmp_path), {}, "/nonexistent").packages("trixie", "amd64")


def test_a_suite_is_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it did not answer: each platform would wait again."""
    asked = served(monkeypatch, {}, secure=True)
    found = Archive(workspace_of(tmp_path), {}, "/nonexistent")

    for architecture in ("amd64", "arm64"):
        with pytest.raises(NothingToJudgeError):
            found.packages("trixie", architecture)

    assert asked == [LIST]


def test_an_archive_out_of_reach_is_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is known already, and why."""
    asked = served(monkeypatch, {}, secure=True)
    found = Archive(workspace_of(tmp_path), {LIST: "No route."})

    with pytest.raises(NothingToJudgeError) as caught:
        found.packages("trixie", "amd64")

    assert "No route." in caught.value.why
    assert asked == []


def test_either_program_checks_a_signature(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian 13 comes with sqv instead of gpgv."""

    def missing(argv: tuple[str, ...]) -> Outcome:
        raise CommandFailedError("gpgv is not installed or not on PATH.")

    def sqv(argv: tuple[str, ...]) -> Outcome:
        assert argv[1:] == (f"--keyring={__file__}", argv[2], "--cleartext", argv[4])
        return verifier(("", "", "", argv[2].partition("=")[2], argv[4]))

    content = lzma.compress(CURRENT.encode())
    served(monkeypatch, {LIST: in_release(CURRENT), PACKAGES: content}, secure=False)
    found = Archive(workspace_of(tmp_path, gpgv=missing, sqv=sqv), {}, __file__)

    assert found.packages("trixie", "amd64")[1].checked == "Debian's signature"
    assert signatures.verifiers("k", "s", "o")[0] == ["gpgv", "--keyring=k", "--output", "o", "s"]


def test_a_bad_signature_is_refused_over_https_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was looked at and is wrong is not made right by the way it came."""
    served(monkeypatch, {LIST: in_release(CURRENT)}, secure=True)
    workspace = workspace_of(tmp_path, gpgv=outcome(code=1, stderr="BAD signature"))

    with pytest.raises(NothingToJudgeError) as caught:
        Archive(workspace, {}, __file__).packages("trixie", "amd64")

    assert "is not signed by Debian. BAD signature" in caught.value.why
