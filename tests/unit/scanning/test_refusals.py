"""What a person reads where a document of an image, a proxy or a test run cannot be judged."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from towpath.checks.security import secrets_reader as secrets
from towpath.checks.tests import junit_reader as junit
from towpath.core.errors import TowpathError
from towpath.deployment.migrations import reader as migrations
from towpath.environments import haproxy_reader as haproxy
from towpath.images import buildx_reader as buildx
from towpath.images import dockerfile_reader as dockerfile
from towpath.registry import oci_reader as oci
from towpath.registry.oci_reader import Manifest
from towpath.scanning import debian_reader as debian
from towpath.scanning import distributions_reader as distributions
from towpath.scanning import spdx_reader as spdx
from towpath.scanning import trivy_reader as trivy
from towpath.source import requirements_reader as requirements

DIGEST = f"sha256:{'a' * 64}"
NO_JSON = "why: Expecting value: line 1 column 1 (char 0)"
WHOLE = {"mediaType": "t", "digest": DIGEST, "size": 3}


def manifest(**document: Any) -> Manifest:
    return Manifest(oci.MANIFEST, json.dumps(document).encode())


def listed(**more: Any) -> str:
    """Return a list of one package of an image."""
    image = {"SPDXID": "I", "checksums": [{"checksumValue": "a" * 64}]}
    about = {"relatedSpdxElement": "I", "relationshipType": "DESCRIBES"}
    package = {"SPDXID": "P", "name": "django", "versionInfo": "5"}
    document = {"spdxVersion": "SPDX-2.3", "packages": [image, package], "relationships": [about]}
    return json.dumps(document | more)


LINES = "x" * 300
STAT = "# pxname,svname,status\nweb,web1,UP\n\n"
OF_STATES = "# be_id be_name srv_name srv_fqdn srv_admin_state\n"
STATES = OF_STATES + "3 web web1 box 64\n\n"
NO_TABLE = "HAProxy's answer is not a table."
LIST = "Cannot read the SBOM."
TRIVY = "Cannot read Trivy's report."
MIGRATIONS = "Invalid answer of the release about its migrations."
COMPILE = "next: Compile it again with the tool that wrote it, so that every line is one pin."
JUNIT = "r.xml is not a valid JUnit report."
AGAIN = "next: Run the tests again and check their output."
SUITE = (
    '<testsuite tests="3" failures="2" errors="1"><testcase classname="m" name="a"/></testsuite>'
)


@pytest.mark.parametrize(
    ("read", "lines"),
    [
        (
            lambda: buildx.built_digests("", ["x"]),
            ["Unexpected build metadata: not valid JSON.", NO_JSON],
        ),
        (
            lambda: buildx.built_digests("[]", ["x"]),
            ["Unexpected build metadata: not a JSON object."],
        ),
        (
            lambda: buildx.built_digests("{}", ["x"]),
            ["Unexpected format of the build metadata: no digest for target x."],
        ),
        (lambda: buildx.materials("[]", "x"), ["Unexpected build metadata: not a JSON object."]),
        (
            lambda: buildx.has_image_store("[]"),
            ["Unexpected output of `docker info`: not a JSON object."],
        ),
    ],
)
def test_buildx(read: Callable[[], object], lines: list[str]) -> None:
    """Metadata of a build, and the engine's answer."""
    assert refused(read) == lines


@pytest.mark.parametrize(
    ("read", "lines"),
    [
        (lambda: oci.parse(b"", "it"), ["it is not JSON.", NO_JSON]),
        (lambda: oci.parse(b"[]", "it"), ["it is not a JSON object."]),
        (
            lambda: oci.entries(manifest(manifests=[{}])),
            [
                "A descriptor in an index is incomplete or invalid.",
                "why: The field 'mediaType' is missing.",
            ],
        ),
        (
            lambda: oci.layers(manifest(layers=[{}])),
            [
                "A descriptor in a manifest is incomplete or invalid.",
                "why: The field 'mediaType' is missing.",
            ],
        ),
        (
            lambda: oci.config_of(manifest(config={})),
            [
                "A descriptor in a manifest is incomplete or invalid.",
                "why: The field 'mediaType' is missing.",
            ],
        ),
        (
            lambda: oci.layers(manifest()),
            [f"{manifest().digest} has no list of layers."],
        ),
        (lambda: oci.image_config(b"[]"), ["an image config is not a JSON object."]),
        (
            lambda: oci.image_config(b"{}"),
            [
                "The configuration of an image in the registry cannot be read.",
                "why: The field 'os' is missing.",
                "next: Look at the image with `invoke debug.registry HOST/NAME:TAG`;"
                " `invoke build` makes it anew.",
            ],
        ),
    ],
)
def test_oci(read: Callable[[], object], lines: list[str]) -> None:
    """Index, manifest and config."""
    assert refused(read) == lines


@pytest.mark.parametrize(
    ("files", "seen"),
    [
        ({}, "unknown"),
        ({debian.RELEASE: b"ID=alpine\n"}, "alpine"),
        ({debian.RELEASE: b"ID=debian\n"}, "debian"),
        ({debian.RELEASE: b"ID=ubuntu\nVERSION_CODENAME=noble\n"}, "ubuntu"),
    ],
)
def test_debian_of_another_distribution(files: dict[str, bytes], seen: str) -> None:
    """Another one, or a Debian that does not say which."""
    assert refused(lambda: debian.codename(files)) == [
        f"Unsupported distribution: {seen} is not a Debian release.",
        "next: Install Trivy, which supports more distributions.",
    ]


@pytest.mark.parametrize(
    ("read", "line"),
    [
        (lambda: debian.installed({}), "The image has no list of installed packages."),
        (
            lambda: debian.installed({debian.STATUS: b"Package: x\n"}),
            "A package in var/lib/dpkg/status has no field 'Version'.",
        ),
        (lambda: debian.available(""), "The security archive's list of packages is empty."),
        (lambda: debian.available("Version: 1\n"), "A package in Packages has no field 'Package'."),
        (
            lambda: distributions.read_distributions({"x.dist-info/METADATA": b"Version: 1\n"}),
            "x.dist-info/METADATA in the image has no name or no version.",
        ),
        (
            lambda: distributions.read_distributions({"x.dist-info/METADATA": b"Name: x\n"}),
            "x.dist-info/METADATA in the image has no name or no version.",
        ),
    ],
)
def test_packages(read: Callable[[], object], line: str) -> None:
    """Nothing named, or half a name."""
    assert refused(read) == [line]


@pytest.mark.parametrize(
    ("text", "target", "lines"),
    [
        ("", "x", ["The Dockerfile has no stage x.", "why: Its stages are: none."]),
        (
            "FROM a AS one\nFROM b AS two\n",
            "x",
            ["The Dockerfile has no stage x.", "why: Its stages are: one, two."],
        ),
        (
            "FROM python:${PYTHON} AS x\n",
            "x",
            ["FROM python:${PYTHON} depends on PYTHON, which has no default."],
        ),
    ],
)
def test_dockerfile(text: str, target: str, lines: list[str]) -> None:
    """No such stage, or a name that the file does not say."""
    assert refused(lambda: dockerfile.base_of(text, target)) == lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [NO_TABLE, "why: empty"]),
        (LINES, [NO_TABLE, f"why: {LINES[:200]}"]),
        (f"odd {STAT}{STATES}", [NO_TABLE, f"why: odd {STAT}{STATES}"]),
        (
            STAT + OF_STATES + LINES,
            [
                "HAProxy has no slots for the backend web.",
                f"why: {(STAT + OF_STATES + LINES)[:200]}",
            ],
        ),
        (
            STAT + STATES.replace("srv_name ", "odd "),
            ["HAProxy's answer has no column 'srv_name'."],
        ),
        (
            STAT + STATES.replace("be_name ", "odd "),
            ["HAProxy's answer has no column 'be_name'."],
        ),
        (
            STAT.replace("svname", "odd") + STATES,
            ["HAProxy's answer has no column 'svname'."],
        ),
        (
            STAT + STATES,
            ["Cannot read HAProxy's answer about web1.", "why: The field 'scur' is missing."],
        ),
        (
            STAT.replace("web1", "web2") + STATES,
            ["Cannot read HAProxy's answer about web1.", "why: The field 'status' is missing."],
        ),
    ],
)
def test_haproxy(text: str, lines: list[str]) -> None:
    """No table, no slot, or a slot that lacks something; long answers are cut."""
    assert refused(lambda: haproxy.slots(text, "web")) == lines


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "It is empty: pytest ended before any test ran."),
        (" \n", "It is empty: pytest ended before any test ran."),
        ("<html/>", "it has no test suite"),
        ("<testsuites", "unclosed token: line 1, column 0"),
        (SUITE, "it counts 3 tests with 3 failures, but lists 1 tests with 0 failures"),
    ],
)
def test_junit(text: str, why: str) -> None:
    """Empty, something else, half, or sums that the names do not bear out."""
    assert refused(lambda: junit.read_junit(text, "r.xml")) == [JUNIT, f"why: {why}", AGAIN]


@pytest.mark.parametrize(
    ("read", "why"),
    [
        (lambda: migrations.plan(""), "Expecting value: line 1 column 1 (char 0). Its end: ''"),
        (
            lambda: migrations.plan("y" + LINES),
            f"Expecting value: line 1 column 1 (char 0). Its end: {LINES[:200]!r}",
        ),
        (lambda: migrations.plan("odd\n[]"), "not a JSON object: '[]'"),
        (
            lambda: migrations.plan(json.dumps(LINES)),
            f"not a JSON object: {json.dumps(LINES)[:200]!r}",
        ),
        (lambda: migrations.plan("{}"), "The field 'vendor' is missing."),
        (lambda: migrations.applied("{}"), "missing field 'applied'"),
        (lambda: migrations.applied('{"applied": "all"}'), "missing field 'applied'"),
    ],
)
def test_migrations(read: Callable[[], object], why: str) -> None:
    """No answer, the end of another one, or half of it."""
    assert refused(read) == [MIGRATIONS, f"why: {why}"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# nothing\n", ["p.txt has no pins."]),
        (
            "django>=5\n",
            [
                "p.txt has a line that is not a pin: 'django>=5'",
                "why: Line 1: it allows more than one version.",
            ],
        ),
    ],
)
def test_requirements(text: str, words: list[str]) -> None:
    """The line is named."""
    assert refused(lambda: requirements.read_requirements(text, "p.txt")) == [*words, COMPILE]


ODD = {"results": {"a": [{"type": "x", "hashed_secret": "y", "is_secret": "no"}]}}


@pytest.mark.parametrize(
    ("text", "why"),
    [("{}", "The field 'results' is missing."), (json.dumps(ODD), "The field is_secret is 'no'.")],
)
def test_a_baseline_of_secrets(text: str, why: str) -> None:
    """What is wrong with it, and where to read how it is made."""
    assert refused(lambda: secrets.baseline(text)) == [
        ".secrets.baseline is not a valid baseline of detect-secrets.",
        f"why: {why}",
        "next: Create it again as described in docs/security.md.",
    ]


OTHER = f"sha256:{'b' * 64}"


@pytest.mark.parametrize(
    ("text", "wanted", "lines"),
    [
        ("{}", DIGEST, [LIST, "why: The field 'spdxVersion' is missing."]),
        (listed(spdxVersion="SPDX-3.0"), DIGEST, [LIST, "why: It is SPDX-3.0."]),
        (listed(), OTHER, [f"The SBOM is not for {OTHER}.", f"why: It is for {DIGEST}."]),
    ],
)
def test_a_list_of_packages(text: str, wanted: str, lines: list[str]) -> None:
    """Half, of a version that is not read here, or of another image."""
    assert refused(lambda: spdx.packages(text, wanted)) == lines


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{}", "The field 'Results' is missing."),
        ('{"Results": []}', "It has no packages of the distribution."),
    ],
)
def test_trivy(text: str, why: str) -> None:
    """Half, or nothing looked at."""
    assert refused(lambda: trivy.read_trivy(text)) == [TRIVY, f"why: {why}"]


def refused(read: Callable[[], object]) -> list[str]:
    """Return what a reader says that refuses."""
    with pytest.raises(TowpathError) as caught:
        read()
    return caught.value.lines()
