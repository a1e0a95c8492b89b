"""Who is asked for advisories: a directory that is named, else one source after the other."""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import Answer, outcome
from tests.unit.checks.checked import calls, project, workspace_of
from towpath.checks.security import advisories
from towpath.core import pins as package_pins
from towpath.core import reachable
from towpath.core.errors import CommandFailedError, ConfigurationError, NothingToJudgeError
from towpath.core.runner import Outcome
from towpath.evidence import record as stages
from towpath.evidence.advisory_sources import AdvisorySource

PINS = [("django", "5.2.1")]
SCANNED = {"django": {"name": "django", "version": "5.2.1"}}
FOUND = {
    "vulnerability_id": "1",
    "CVE": None,
    "package_name": "django",
    "analyzed_version": "5.2.1",
    "severity": None,
    "advisory": "Is weak.",
}
REPORT = {"scanned_packages": SCANNED, "vulnerabilities": [], "ignored_vulnerabilities": []}
UNREACHABLE = outcome(code=68, stderr="unable to reach the server")
AUDITED = json.dumps({"dependencies": [{"name": "django", "version": "5.2.1", "vulns": []}]})
MADE = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
META = {"base_domain": "https://example.invalid", "timestamp": MADE.timestamp()}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a small project with the environments of the sources, on a fixed day."""
    monkeypatch.setattr(stages, "now", lambda: MADE + dt.timedelta(days=4.5))
    for tool in ("safety", "pip-audit"):
        (tmp_path / ".nox" / tool).mkdir(parents=True)
    return project(tmp_path)


def directory(root: Path, meta: Any = META) -> str:
    """Make a directory of advisories and return its path below the root."""
    place = root / "data"
    place.mkdir()
    for name in ("insecure.json", "insecure_full.json"):
        (place / name).write_text(json.dumps({"$meta": meta, "django": ["<5.2.2"]}))
    return "data"


def test_a_directory_that_is_named_is_asked_alone(root: Path) -> None:
    """The answer names it and the age of its data."""
    report = json.dumps(REPORT | {"vulnerabilities": [FOUND]})
    env = {"TOWPATH_ADVISORIES": directory(root)}
    workspace = workspace_of(root, {"-m uv": "", "-m safety": outcome(report, code=64)}, env)

    found = advisories.audit(workspace, PINS)

    assert found.source == AdvisorySource("safety", "data", "nothing", 4.5, foreign=True)
    assert found.counts == {"critical": 0, "high": 1, "medium": 0, "low": 0}
    assert found.as_json()["findings"][0]["package"] == "django"
    assert calls(workspace)[-1].endswith(f"--db {root / 'data'}")
    assert (root / "reports/checks/pins.txt").read_text() == "django==5.2.1\n"


def test_a_directory_elsewhere_is_named_in_full(root: Path, tmp_path_factory: Any) -> None:
    """It is not below the project."""
    other = tmp_path_factory.mktemp("other")
    env = {"TOWPATH_ADVISORIES": str(other / directory(other))}
    workspace = workspace_of(root, {"-m uv": "", "-m safety": json.dumps(REPORT)}, env)

    assert advisories.audit(workspace, PINS).source.address == str(other / "data")


def test_a_directory_that_gives_no_answer_is_not_replaced_by_another_source(root: Path) -> None:
    """Whoever named it wants that one."""
    env = {"TOWPATH_ADVISORIES": directory(root)}
    workspace = workspace_of(root, {"-m uv": "", "-m safety": outcome(code=1)}, env)

    with pytest.raises(NothingToJudgeError):
        advisories.audit(workspace, PINS)
    assert not any("pip_audit" in line for line in calls(workspace))


@pytest.mark.parametrize(
    "meta",
    [
        None,
        {},
        {"base_domain": "", "timestamp": 1},
        {"base_domain": "x"},
        {"base_domain": "x", "timestamp": "soon"},
    ],
)
def test_a_directory_that_safety_would_crash_on_is_refused(root: Path, meta: Any) -> None:
    """Before safety is asked, with what is wrong."""
    env = {"TOWPATH_ADVISORIES": directory(root, meta)}

    with pytest.raises(ConfigurationError, match="not a directory of advisories"):
        advisories.audit(workspace_of(root, {}, env), PINS)


@pytest.mark.parametrize("missing", ["insecure.json", "insecure_full.json"])
def test_a_directory_needs_both_files(root: Path, missing: str) -> None:
    """One alone is not what safety reads."""
    env = {"TOWPATH_ADVISORIES": directory(root)}
    (root / "data" / missing).unlink()

    with pytest.raises(ConfigurationError):
        advisories.audit(workspace_of(root, {}, env), PINS)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda: {"$meta": META}, "list no packages"),
        (lambda: {"$meta": META | {"timestamp": 4102444800}, "django": []}, "a date in the future"),
    ],
    ids=["empty", "a date in the future"],
)
def test_a_directory_whose_data_cannot_be_data_gives_no_answer(
    root: Path, change: Any, said: str
) -> None:
    """Without any package nothing could ever be found; safety is not even asked."""
    env = {"TOWPATH_ADVISORIES": directory(root)}
    (root / "data" / "insecure.json").write_text(json.dumps(change()))
    workspace = workspace_of(root, {}, env)

    with pytest.raises(NothingToJudgeError) as caught:
        advisories.audit(workspace, PINS)

    assert said in caught.value.why
    assert calls(workspace) == []


def test_the_older_of_the_two_files_counts(root: Path) -> None:
    """One that was renewed says nothing of the other."""
    env = {"TOWPATH_ADVISORIES": directory(root)}
    old = META | {"timestamp": MADE.timestamp() - 86400 * 400}
    (root / "data" / "insecure.json").write_text(json.dumps({"$meta": old, "django": ["<2"]}))
    workspace = workspace_of(root, {"-m uv": "", "-m safety": json.dumps(REPORT)}, env)

    assert advisories.audit(workspace, PINS).source.age_days == 404.5


def test_sources_out_of_reach_are_not_asked(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No tool is even installed for them; the reason names each."""
    monkeypatch.setattr(reachable, "unreachable", lambda rows: dict.fromkeys(rows, "No route."))
    workspace = workspace_of(root, {})

    with pytest.raises(NothingToJudgeError) as caught:
        advisories.audit(workspace, PINS)

    assert caught.value.why == f"{advisories.SAFETY}: No route. {advisories.INDEX}: No route."
    assert calls(workspace) == []


def test_the_source_that_is_in_reach_is_asked(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the other."""
    monkeypatch.setattr(reachable, "unreachable", lambda _: {advisories.SAFETY: "No route."})
    workspace = workspace_of(root, {"-m uv": "", "-m pip_audit": AUDITED})

    assert advisories.audit(workspace, PINS).source.name == "pip-audit"
    assert not any("-m safety" in line for line in calls(workspace))


def test_safety_that_answers_is_enough(root: Path) -> None:
    """It is asked over https, and answers of now."""
    workspace = workspace_of(root, {"-m uv": "", "-m safety": json.dumps(REPORT)})

    found = advisories.audit(workspace, PINS)

    assert found.source == AdvisorySource("safety", advisories.SAFETY, "https", 0)
    assert found.findings == ()


@pytest.mark.parametrize("safety", [UNREACHABLE, outcome(), outcome(code=1, stderr="no module")])
def test_pip_audit_is_asked_where_safety_gives_no_answer(root: Path, safety: Outcome) -> None:
    """And the answer names who gave it."""
    answers: dict[str, Answer] = {"-m uv": "", "-m safety": safety, "-m pip_audit": AUDITED}

    found = advisories.audit(workspace_of(root, answers), PINS)

    assert found.source == AdvisorySource("pip-audit", "https://pypi.org/pypi", "https", 0)


def test_no_source_at_all_is_no_answer(root: Path) -> None:
    """The reason names every source; a tool that could not be installed is a reason too."""

    def broken(argv: tuple[str, ...]) -> Outcome:
        raise CommandFailedError("uv failed.", why="offline")

    with pytest.raises(NothingToJudgeError) as caught:
        advisories.audit(workspace_of(root, {"-m uv": broken}), PINS)

    assert caught.value.why == "uv failed. offline uv failed. offline"
    assert "TOWPATH_ADVISORIES" in caught.value.next_step


def test_no_dependency_is_nothing_to_ask_about(root: Path) -> None:
    """An empty list would be clean for the wrong reason."""
    with pytest.raises(NothingToJudgeError):
        advisories.audit(workspace_of(root, {}), [])


def test_a_source_has_an_environment_of_its_own_made_once(root: Path) -> None:
    """It is made again when its pins change."""
    answers: dict[str, Answer] = {"-m uv": "", "-m safety": json.dumps(REPORT)}
    workspace = workspace_of(root, answers)
    place = root / ".nox" / "safety"

    advisories.audit(workspace, PINS)
    advisories.audit(workspace, PINS)
    made = [line for line in calls(workspace) if "-m uv" in line]
    (root / "requirements/safety.txt").write_text("safety==2.3.4\n")
    advisories.audit(workspace, PINS)
    again = [line for line in calls(workspace) if "-m uv" in line]

    assert made == [
        f"{sys.executable} -m uv venv --quiet --clear --python {sys.executable} {place}",
        f"{sys.executable} -m uv pip install --quiet --require-hashes --python "
        f"{place}/bin/python --requirements {root}/requirements/safety.txt",
    ]
    assert again == made * 2


def test_a_source_without_pins_is_a_mistake_of_configuration(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the project nor the package has any; the message names the file."""
    monkeypatch.setattr(package_pins, "PACKAGE", root / "nowhere")
    (root / "requirements/safety.txt").unlink()

    with pytest.raises(ConfigurationError, match=r"requirements/safety\.txt"):
        advisories.audit(workspace_of(root, {}), PINS)


def test_two_versions_of_one_package_are_asked_about_one_after_the_other(root: Path) -> None:
    """As two markers of one name pin them; no source takes both at once."""
    asked: list[str] = []

    def safety(argv: tuple[str, ...]) -> Outcome:
        text = Path(argv[argv.index("--file") + 1]).read_text()
        asked.append(text)
        pins = dict(line.split("==") for line in text.splitlines())
        scanned = {name: {"name": name, "version": version} for name, version in pins.items()}
        found = [FOUND | {"package_name": "numpy", "analyzed_version": pins["numpy"]}]
        report = {"scanned_packages": scanned, "vulnerabilities": found}
        return outcome(json.dumps(REPORT | report), code=64)

    workspace = workspace_of(root, {"-m uv": "", "-m safety": safety})
    pins = [("numpy", "1.26"), ("django", "5.2.1"), ("numpy", "2.1"), ("numpy", "1.26")]

    found = advisories.audit(workspace, pins)

    assert asked == ["numpy==1.26\ndjango==5.2.1\n", "numpy==2.1\n"]
    assert [row.version for row in found.findings] == ["1.26", "2.1"]
