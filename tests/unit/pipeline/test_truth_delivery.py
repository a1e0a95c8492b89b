"""The truth table of the delivery: build, scan, verification and the watch over a deployment.

Every case goes through the readers, facts and gates of production.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.deployment.world import FIRST, SECOND, World, site_of
from tests.unit.scanning.test_spdx_reader import MANIFEST, document
from towpath import gates
from towpath.checks.security.advisories_reader import Advisory
from towpath.core.errors import GateFailedError, NothingToJudgeError
from towpath.core.http import PageText
from towpath.deployment import deploy, verify
from towpath.deployment.watch import Watch
from towpath.evidence.advisory_sources import AdvisorySource
from towpath.gates import Status
from towpath.images import build
from towpath.images import buildx_reader as buildx
from towpath.images.build import Built
from towpath.scanning import debian_reader as debian
from towpath.scanning import spdx_reader as spdx
from towpath.scanning import trivy_reader as trivy
from towpath.scanning.result import Scan, ScanResult, Sizes
from towpath.scanning.sbom import SbomCounts
from towpath.source.snapshot import SourceSnapshot

ASKED = ("linux/amd64", "linux/arm64")
PLATFORM = "linux/amd64"


def judged(stage: str, facts: dict[str, Any], reason: str = "") -> Status:
    """Judge a stage by its facts and what could not be asked, as its statement is."""
    own = Status.ERRORED if reason else Status.PASSED
    return gates.worst([own, *(row.status for row in gates.judge(stage, facts))])


def scanned(
    findings: Callable[[], list[Advisory]] = list,
    packages: Callable[[], int] = lambda: 7,
    above_base: int | None = 10_000_000,
) -> Status:
    """Judge a scan; a reader that raises is a source that was not asked, a list that is missing."""
    found: list[Advisory] = []
    unasked: list[str] = []
    listed = SbomCounts()
    try:
        found = findings()
    except NothingToJudgeError as error:
        unasked.append(error.what)
    try:
        listed.packages[PLATFORM] = packages()
    except NothingToJudgeError as error:
        listed.missing[PLATFORM] = error.what
    base = {} if above_base is None else {PLATFORM: above_base}
    scan = Scan(
        FIRST,
        tuple(map(ScanResult, found)),
        (AdvisorySource("a source", "https://example.invalid", "https", 0),),
        tuple(unasked),
        Sizes({PLATFORM: 90_000_000}, base, {}),
        listed,
    )
    return judged("scan", scan.facts(), scan.reason())


def trivy_report(*severities: str) -> str:
    """Return a report of Trivy with a finding of each severity."""
    found = {"VulnerabilityID": "CVE-1", "PkgName": "openssl", "InstalledVersion": "3"}
    rows = [{**found, "Severity": severity} for severity in severities]
    return json.dumps({"Results": [{"Class": "os-pkgs", "Vulnerabilities": rows}]})


HIGH = trivy_report("HIGH")
TRIVY = {
    "good": (trivy_report(), Status.PASSED),
    "a low one": (trivy_report("LOW", "MEDIUM"), Status.PASSED),
    "bad: critical": (trivy_report("CRITICAL"), Status.FAILED),
    "bad: high": (HIGH, Status.FAILED),
    "bad: unrated": (trivy_report("UNKNOWN"), Status.FAILED),
    "missing, crashing or without its database": ("", Status.ERRORED),
    "nothing looked at": ('{"Results": []}', Status.ERRORED),
    "no package of the distribution": ('{"Results": [{"Class": "lang-pkgs"}]}', Status.ERRORED),
    "half a document": (HIGH[: len(HIGH) // 2], Status.ERRORED),
}


@pytest.mark.parametrize("case", TRIVY)
def test_a_scan_by_trivy_says_what_is_true(case: str) -> None:
    """Findings count by severity; what is no report is nobody's answer."""
    text, wanted = TRIVY[case]

    assert scanned(findings=lambda: trivy.read_trivy(text)) is wanted


STATUS = b"Package: openssl\nStatus: install ok installed\nVersion: 3.5.1-1\n"
INDEX = "Package: openssl\nVersion: 3.5.1-1{}\n"
DEBIAN: dict[str, tuple[bytes, str, Status]] = {
    "good": (STATUS, INDEX.format(""), Status.PASSED),
    "bad": (STATUS, INDEX.format("+deb13u1"), Status.FAILED),
    "source unreachable": (STATUS, "", Status.ERRORED),
    "half an index": (STATUS, "Package: openssl\n", Status.ERRORED),
    "an index of something else": (STATUS, "<html>Sign in</html>", Status.ERRORED),
    "no package in the image": (b"", INDEX.format(""), Status.ERRORED),
    "half a status": (STATUS[:16], INDEX.format(""), Status.ERRORED),
}


@pytest.mark.parametrize("case", DEBIAN)
def test_a_scan_by_debians_archive_says_what_is_true(case: str) -> None:
    """A pending security update counts as high."""
    status, index, wanted = DEBIAN[case]

    def pending() -> list[Advisory]:
        packages = debian.installed({"var/lib/dpkg/status": status})
        rows = debian.pending(packages, debian.available(index))
        return [Advisory("pending", row.name, row.installed, "high", "") for row in rows]

    assert scanned(findings=pending) is wanted


LIST = json.dumps(document())
SPDX = {
    "good": (LIST, Status.PASSED),
    "missing, crashing or empty": ("", Status.ERRORED),
    "of another image": (json.dumps(document(f"sha256:{'b' * 64}")), Status.ERRORED),
    "of no package": (json.dumps({**document(), "packages": []}), Status.ERRORED),
    "half a document": (LIST[: len(LIST) // 2], Status.ERRORED),
}


@pytest.mark.parametrize("case", SPDX)
def test_a_list_of_packages_says_what_is_true(case: str) -> None:
    """It is whole, names some, and is of this image, or it is missing."""
    text, wanted = SPDX[case]

    assert scanned(packages=lambda: spdx.packages(text, MANIFEST)) is wanted


def test_a_platform_without_a_list_fails() -> None:
    """The list of another platform does not speak for it."""
    sizes = Sizes(dict.fromkeys(ASKED, 1), dict.fromkeys(ASKED, 1), {})
    scan = Scan(FIRST, (), (), (), sizes, SbomCounts({PLATFORM: 3}))

    assert judged("scan", scan.facts(), scan.reason()) is Status.FAILED


@pytest.mark.parametrize(
    ("above_base", "wanted"),
    [
        (10_000_000, Status.PASSED),
        (900_000_000, Status.FAILED),
        (None, Status.ERRORED),
    ],
)
def test_the_size_of_an_image_is_judged_above_its_base(
    above_base: int | None, wanted: Status
) -> None:
    """An image whose base is not known cannot be judged."""
    assert scanned(above_base=above_base) is wanted


METADATA = json.dumps({"production": {"containerimage.digest": FIRST}})
BUILD: dict[str, tuple[str, tuple[str, ...], Status]] = {
    "good": (METADATA, ASKED, Status.PASSED),
    "bad": (METADATA, ASKED[:1], Status.FAILED),
    "missing, crashing or empty": ("", ASKED, Status.ERRORED),
    "no target": ("{}", ASKED, Status.ERRORED),
    "another target": (METADATA.replace("production", "testing"), ASKED, Status.ERRORED),
    "no digest": ('{"production": {}}', ASKED, Status.ERRORED),
    "half a document": (METADATA[: len(METADATA) // 2], ASKED, Status.ERRORED),
}


@pytest.mark.parametrize("case", BUILD)
def test_a_build_says_what_is_true(case: str) -> None:
    """Its digest is the one in buildx' own metadata, and its index has every platform."""
    metadata, platforms, wanted = BUILD[case]
    source = SourceSnapshot(
        "c" * 40, "t" * 40, branch="main", version="1.0", dirty=False, epoch=1, remote=""
    )

    def facts() -> dict[str, Any]:
        digest = buildx.built_digests(metadata, ["production"])["production"]
        built = Built(digest, "1.0", platforms, dict.fromkeys(platforms, 1), (), 1.0)
        return build.facts(source, built, ASKED)

    try:
        status = judged("build", facts())
    except NothingToJudgeError:
        status = judged("build", {})
    assert status is wanted


# Not answering is a fact about an environment: nothing there is the release.
VERIFY = {
    "good": (PageText(200, "fine"), FIRST, Status.PASSED),
    "another release": (PageText(200, "fine"), SECOND, Status.FAILED),
    "unreachable": (PageText(0, problem="ConnectionError"), FIRST, Status.FAILED),
    "not ready": (PageText(503), FIRST, Status.FAILED),
    "every page is an error": (PageText(500), FIRST, Status.FAILED),
}


@pytest.mark.parametrize("case", VERIFY)
def test_a_verification_says_what_is_true(tmp_path: Path, case: str) -> None:
    """Only an environment that answers as the release, and runs it, is verified."""
    page, digest, wanted = VERIFY[case]
    site = site_of(World(), tmp_path)
    deploy.carry_out(site, "deploy", FIRST, "1.0")

    facts = verify.inspect(site, digest, "1.0", lambda _url, _host: page)

    assert judged("verify", facts) is wanted


# What the proxy says while a deployment watches; None where it says what it has counted.
WATCH: dict[str, tuple[int, int, str | None, Status]] = {
    "good": (1000, 1, None, Status.PASSED),
    "bad": (50, 50, None, Status.FAILED),
    "missing or empty": (1000, 0, "", Status.ERRORED),
    "crashing": (1000, 0, "Unknown command\n", Status.ERRORED),
    "no slot": (1000, 0, "1\n# be_id be_name\n\n# pxname,svname\n\n", Status.ERRORED),
}


@pytest.mark.parametrize("case", WATCH)
def test_the_watch_says_what_is_true(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    """A proxy that cannot be read is no proxy without errors."""
    good, bad, answer, wanted = WATCH[case]
    world = World()
    site = site_of(world, tmp_path)
    deploy.carry_out(site, "deploy", FIRST, "1.0")
    watching = Watch.begin(site, lambda: site.containers("web"), [])
    world.slots[0].good += good
    world.slots[0].bad += bad
    if answer is not None:
        monkeypatch.setattr(world, "_show", lambda: answer)

    status = Status.PASSED
    try:
        watching.run()
    except GateFailedError:
        status = Status.FAILED
    except NothingToJudgeError:
        status = Status.ERRORED
    assert status is wanted


# Which of these gives each gate its fact.
SHOWN = {
    "PLATFORMS_MISSING": BUILD,
    "IMAGE_CRITICAL": TRIVY,
    "IMAGE_HIGH": DEBIAN,
    "IMAGE_SIZE": {},
    # The archive and Trivy's database have one: test_archive.py and test_scan_tools.py.
    "IMAGE_ADVISORIES_AGE": {},
    "SBOM_MISSING": SPDX,
    "VERIFIED": VERIFY,
    "ERROR_RATE": WATCH,
    # deployment/test_watch.py and test_watch_rules.py show each with and without its figure.
    "WATCH_LATENCY": {},
    "WATCH_RESTARTS": {},
    "WATCH_NOT_READY": {},
    # operations/test_monitor.py and test_monitor_rules.py show each with and without its figure.
    "MONITOR_ERROR_RATE": {},
    "MONITOR_LATENCY": {},
    "MONITOR_CPU": {},
    "MONITOR_MEMORY": {},
    "MONITOR_RESTARTS": {},
    "MONITOR_UNHEALTHY": {},
}
