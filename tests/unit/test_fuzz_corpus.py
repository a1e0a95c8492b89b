"""What fuzzing has found, kept: each is an error in words, and none takes its time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.state import DirectoryState
from towpath.checks import benchmark_reader as benchmark
from towpath.checks.lint.readers import actionlint, bandit, checkstyle, radon, zizmor
from towpath.checks.security import pip_audit_reader as pip_audit
from towpath.checks.security import secrets_reader as secrets
from towpath.checks.tests import coverage_reader as coverage
from towpath.checks.tests import junit_reader as junit
from towpath.config import loading, reading
from towpath.core.errors import (
    CommandFailedError,
    ConfigurationError,
    NothingToJudgeError,
    TowpathError,
)
from towpath.core.findings import ToolResult
from towpath.deployment.migrations import reader as migrations
from towpath.environments import compose_reader as compose
from towpath.environments import engine_images_reader as images
from towpath.environments import haproxy_reader as haproxy
from towpath.evidence.journal import History, Journal
from towpath.images import builders_reader as builders
from towpath.images import buildx_reader as buildx
from towpath.images import cache
from towpath.images import dockerfile_reader as dockerfile
from towpath.images.wheels import record_reader as wheel_records
from towpath.images.wheels import wheels_reader as wheels
from towpath.scanning import debian_reader as debian
from towpath.scanning import trivy_reader as trivy
from towpath.source import requirements_reader as requirements
from towpath.source import switches_reader as switches

DEEP, OBJECTS = "[" * 20_000, '{"a":' * 20_000
TWICE, INFINITE = '{"a": 1, "a": 2}', '{"a": 1e999}'
JSON: tuple[Callable[[str], object], ...] = (
    *(benchmark.read_benchmark, builders.native, buildx.engine_id, buildx.has_image_store),
    *(lambda text: buildx.built_digests(text, ["app"]), compose.images, coverage.read_coverage),
    *(images.listed, migrations.applied, migrations.plan, secrets.baseline, trivy.read_trivy),
    *(
        lambda text: actionlint.read_actionlint(ran(text)),
        lambda text: bandit.read_bandit(ran(text)),
    ),
    *(
        lambda text: pip_audit.read_pip_audit(ran(text), [("a", "1")]),
        lambda text: radon.read_radon(ran(text)),
    ),
    *(
        lambda text: zizmor.read_zizmor(ran(text)),
        lambda text: wheel_records.read_wheel_record(text.encode(), "x"),
    ),
)


def ran(text: str, code: int = 0) -> ToolResult:
    """Return how a tool ended that was given one file and wrote this."""
    return ToolResult(code, text, "", 1)


@pytest.mark.parametrize("text", [DEEP, OBJECTS, TWICE, INFINITE, '{"a": NaN}', '"\\ud800"'])
@pytest.mark.parametrize("read", JSON)
def test_json_that_is_odd_is_refused_in_words(read: Callable[[str], object], text: str) -> None:
    """Nested too deep, with a key twice, without an end, or half a letter: never a traceback."""
    with pytest.raises(TowpathError) as caught:
        read(text)

    assert caught.value.what


@pytest.mark.parametrize("status", ["0", "-34064", "[0]", '[{"": 1, "a": 2}]', '["ab"]', "null"])
def test_a_status_of_the_engine_that_is_none_names_no_image_store(status: str) -> None:
    """Rows are pairs; anything else says nothing."""
    assert buildx.has_image_store(f'{{"DriverStatus": {status}}}') is False


@pytest.mark.parametrize("metrics", ['{"a.py": []}', "[]", "3", '{"a.py": {"nosec": "x"}}'])
def test_a_report_of_bandit_of_another_form_is_no_verdict(metrics: str) -> None:
    """Its counts are objects of numbers."""
    with pytest.raises(NothingToJudgeError, match="bandit produced no usable result"):
        bandit.read_bandit(ran(f'{{"errors": [], "results": [], "metrics": {metrics}}}'))


@pytest.mark.parametrize("blocks", ['"RE"', "7", "null", "true", '["a"]', '[{"type": 1}]'])
def test_a_report_of_radon_of_another_form_is_no_verdict(blocks: str) -> None:
    """What stands for a file is a list of blocks, or an error."""
    with pytest.raises(NothingToJudgeError, match="radon produced no usable result"):
        radon.read_radon(ran(f'{{"a.py": {blocks}}}'))


def test_a_severity_of_zizmor_that_is_no_word_is_no_verdict() -> None:
    """It is not guessed."""
    spot = {
        "symbolic": {"kind": "Primary", "annotation": "", "key": {"Local": {"verbatim_path": "a"}}},
        "concrete": {"location": {"start_point": {"row": 1}}},
    }
    row = {"ignored": False, "ident": "a", "desc": "", "locations": [spot]}
    row["determinations"] = {"severity": ["High"]}

    with pytest.raises(NothingToJudgeError, match="zizmor produced no usable result"):
        zizmor.read_zizmor(ran(json.dumps([row]), 14))


@pytest.mark.parametrize("version", ["x:1", "\n:2", "²:1", ":1", "1" * 5000, "9" * 12 + ":1"])
def test_a_version_of_debian_that_is_none_is_refused_in_words(version: str) -> None:
    """It would count as older or newer than any other."""
    with pytest.raises(NothingToJudgeError, match="Invalid version of a Debian package"):
        debian.compare(version, "1:2")


def test_digits_of_other_scripts_are_no_numbers_of_a_version() -> None:
    """They are compared as letters."""
    assert debian.compare("1.2", "1.٢") == -1


@pytest.mark.parametrize(
    "read",
    [
        lambda text: requirements.lines(f"a{text}b"),
        lambda text: dockerfile.instructions(f"# syntax={text}x"),
        lambda text: dockerfile.instructions(f"# syntax=x{text}y"),
        lambda text: switches.find("flake8", {".flake8": f"[flake8]\nexclude{text}x"}),
        lambda text: switches.find("flake8", {".flake8": f"[flake8]\n{text}exclude = a"}),
    ],
)
def test_a_line_of_spaces_takes_no_time(read: Callable[[str], object]) -> None:
    """Fifty thousand of them: an expression that goes back would take a minute."""
    began = time.process_time()
    read(" " * 50_000)

    assert time.process_time() - began < 1


def test_settings_after_many_spaces_are_read() -> None:
    """They are the same as after one."""
    found = switches.find("flake8", {".flake8": f"[flake8]\nexclude{' ' * 5000}={' ' * 5000}a"})

    assert [str(row) for row in found] == [".flake8: [flake8] exclude = a"]


def test_a_version_of_a_pin_with_more_digits_than_python_reads_is_known_by_its_letters() -> None:
    """Python refuses numbers of more than 4300 digits."""
    assert wheels.pinned("A", "1" * 5000) == ("a", "1" * 5000)


@pytest.mark.parametrize("lock", ["a = " + "[" * 5000, f"a = {'1' * 5000}", "packages = 1"])
def test_a_lock_that_is_odd_is_refused_in_words(lock: str) -> None:
    """Nested too deep, or a number that nobody writes."""
    with pytest.raises(NothingToJudgeError, match="pylock.toml"):
        wheels.without_wheel(lock, "a==1", "3.13", "arm64")


def test_a_table_of_the_proxy_with_an_endless_field_is_refused_in_words() -> None:
    """The standard library's error is no error of ours."""
    with pytest.raises(NothingToJudgeError, match="Cannot read HAProxy's table"):
        haproxy.slots(f"# pxname,svname\nweb,{'a' * 200_000}\n\n# be_id be_name\n", "web")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('<!DOCTYPE a [<!ENTITY b "c">]><testsuite/>', "document type"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><testsuite/>', "document type"),
        ("<a>" * 20_000, "nested more than 64 levels deep"),
        ("<testsuite>\ud800</testsuite>", "surrogates not allowed"),
        ("<testsuite>\0</testsuite>", "not well-formed"),
    ],
)
def test_xml_that_is_odd_is_refused_in_words(text: str, why: str) -> None:
    """A document type can name files, or entities that grow without an end."""
    with pytest.raises(NothingToJudgeError) as caught:
        junit.read_junit(text, "report.xml")
    assert why in caught.value.why
    with pytest.raises(NothingToJudgeError) as caught:
        checkstyle.read_checkstyle("hadolint", ran(text))
    assert why in caught.value.why


@pytest.mark.parametrize(
    "raw", [b"\xff\xfe{}", b'{"releases": -3}', b'{"migrations": [1]}', DEEP.encode(), b"[]"]
)
def test_a_history_that_is_odd_is_named(raw: bytes, tmp_path: Path) -> None:
    """Bytes that are no text, and rows that are none."""
    file = tmp_path / "history.json"
    file.write_bytes(raw)

    with pytest.raises(CommandFailedError, match="history.json"):
        History(DirectoryState(file.parent), file.name).migrations()


@pytest.mark.parametrize("raw", [b"\xff\xfe{}\n", b"[]\n", OBJECTS.encode() + b"\n"])
def test_a_journal_that_is_odd_is_named(raw: bytes, tmp_path: Path) -> None:
    """A line that is no object."""
    file = tmp_path / "journal"
    file.write_bytes(raw)

    with pytest.raises(CommandFailedError, match="journal"):
        Journal(DirectoryState(file.parent), file.name).read()


@pytest.mark.parametrize(
    "raw", [b'{"records": [{"layers": [{"createdAt": {"": 1}}]}]}', DEEP.encode(), b"\xff"]
)
def test_a_cache_that_does_not_say_when_it_was_made_has_no_time(raw: bytes) -> None:
    """It is shown without one."""
    assert cache._made(raw) == ""


@pytest.mark.parametrize("text", ["a = " + "[" * 5000, "a = " + "1" * 5000, "\0"])
def test_a_project_whose_settings_are_odd_is_told_so(text: str, tmp_path: Path) -> None:
    """As for any other file that is no TOML."""
    (tmp_path / "pyproject.toml").write_text(text)

    with pytest.raises(ConfigurationError, match="pyproject.toml is not valid TOML"):
        loading.load(tmp_path, {})


@pytest.mark.parametrize("text", ["tool = 1\n", 'tool = ["a"]\n'])
def test_a_project_whose_tools_are_no_table_is_told_so(text: str, tmp_path: Path) -> None:
    """Its settings are not passed over."""
    (tmp_path / "pyproject.toml").write_text(text)

    with pytest.raises(ConfigurationError, match="'tool' in pyproject.toml is not a table"):
        loading.load(tmp_path, {})


@pytest.mark.parametrize("limit", [10**400, -(10**400), float("inf"), float("nan"), True])
def test_a_limit_that_is_no_measure_is_refused_in_words(limit: float, tmp_path: Path) -> None:
    """TOML has numbers that no machine computes with."""
    with pytest.raises(ConfigurationError, match="gates.COVERAGE"):
        reading.parse({"gates": {"COVERAGE": limit}}, tmp_path, {})
