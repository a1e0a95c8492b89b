"""The page of a run: whole with nothing beside the report, and safe with anything in it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import TableRunner
from tests.registry_server import Store
from tests.releases import workspace_at
from tests.unit.pipeline.test_document import FULL, composed
from towpath.config.workspace import Workspace
from towpath.core.redaction import SECRETS
from towpath.core.step_times import StepTime
from towpath.core.subject import Subject
from towpath.evidence.statement import Statement
from towpath.gates import Status
from towpath.pipeline import links, page, page_data, runs, show
from towpath.pipeline.document import StageResult
from towpath.pipeline.page_data import PageData

COMMIT = "c" * 40
JUNIT = (
    '<testsuites><testsuite tests="3" failures="1" errors="0">'
    '<testcase classname="tests.a" name="slow" time="2.5"/>'
    '<testcase classname="tests.a" name="bad" time="0.1"><failure message="assert 1 == 2">'
    "&lt;script&gt;alert(1)&lt;/script&gt;</failure></testcase>"
    '<testcase classname="tests.a" name="not" time="x"><skipped message="why"/></testcase>'
    "</testsuite></testsuites>"
)
VOID = {"meta", "link", "br", "hr", "img", "input"}


class Reading(HTMLParser):
    """Checks that elements end in order, and gathers links, anchors and words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.tags: set[str] = set()
        self.words = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        found = dict(attrs)
        self.tags.add(tag)
        self.links += [found["href"] or ""] if "href" in found else []
        self.ids += [found["id"] or ""] if "id" in found else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Require that it is the one that was opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Gather what people read."""
        self.words += data


@pytest.fixture
def workspace(tmp_path: Path, store: Store) -> Workspace:
    """A project whose repository is on GitHub, in a run of GitHub Actions."""
    remote = "https://token@github.com/team/shop.git\n"
    return workspace_at(
        tmp_path,
        store,
        TableRunner({"remote": remote}),
        GITHUB_ACTIONS="true",
        GITHUB_SERVER_URL="https://github.com",
        GITHUB_REPOSITORY="team/shop",
        GITHUB_RUN_ID="7",
    )


def document(**changes: Any) -> dict[str, Any]:
    """Return a whole report."""
    return {**composed(*FULL), **changes}


def write(workspace: Workspace, name: str, text: str) -> None:
    """Write a file below reports/."""
    file = workspace.config.reports / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def statement(**changes: Any) -> Statement:
    """Return a statement of lint about the report's commit."""
    verdict = {
        **{"gate": "COMPLEXITY", "stage": "lint", "status": "passed", "value": 7.0},
        **{"limit": 10.0, "direction": "<", "reason": "fine <b>"},
    }
    values: dict[str, Any] = {
        **{"stage": "lint", "subject": Subject.commit(COMMIT, "d" * 40)},
        **{"status": Status.PASSED, "started": "2026-11-24T21:00:00Z", "duration": 1.5},
        **{"policy": "p", "inputs": "i", "verdicts": (verdict,)},
    }
    return Statement(**{**values, **changes})


def test_a_report_alone_makes_a_whole_page() -> None:
    """Every element ends, every section is linked, and nothing is loaded from anywhere."""
    html = page.render(document(), PageData(), links.Links())
    read = Reading(html)

    assert read.open == []
    assert [link for link in read.links if not link.startswith("#")] == []
    assert {link[1:] for link in read.links} <= set(read.ids)
    assert not {"script", "img", "iframe", "link", "object"} & read.tags
    assert not re.search(r"url\(|@import|https?://", html)
    for name in document()["stages"]:
        assert name in read.words


def test_all_that_is_beside_the_report_is_shown(workspace: Workspace) -> None:
    """Gates with their margin, failures with their words, the slowest first, uncovered lines."""
    write(workspace, "evidence/lint.json", statement().encode().decode())
    write(workspace, "junit/tests/3.12.xml", JUNIT)
    files = {"a.py": {"missing_lines": [3, 7, 8, 9], "summary": {"percent_covered": 61.25}}}
    write(workspace, "coverage.json", json.dumps({"files": files}))
    place = {"artifactLocation": {"uri": "app/a b.py"}, "region": {"startLine": 4}}
    result = {
        "ruleId": "E501",
        "message": {"text": "too long"},
        "locations": [{"physicalLocation": place}],
    }
    write(workspace, "sarif/flake8.sarif", json.dumps({"runs": [{"results": [result]}]}))

    file = runs.write_page(workspace, document())
    html = file.read_text()
    read = Reading(html)

    assert "below 10" in read.words and "7" in read.words and "3 inside" in read.words
    assert "<script>alert(1)</script>" in read.words and "<script" not in html
    assert "1 passed, 1 failed, 1 skipped" in read.words
    assert read.words.index("tests.a::slow") > read.words.index("tests.a::bad")
    assert "(tests/3.12)" in read.words
    assert "3, 7-9" in read.words and "61.2" in read.words
    blob = f"https://github.com/team/shop/blob/{COMMIT}/app/a%20b.py#L4"
    assert {blob, f"https://github.com/team/shop/commit/{COMMIT}"} <= set(read.links)
    assert "https://github.com/team/shop/actions/runs/7" in read.links


def test_steps_and_migrations_are_shown() -> None:
    """Each step with its seconds; a deployment says which migrations it applied, or none."""
    steps = [StepTime("drain the old containers", "passed", 1.0, 2.5)]
    rows = [replace(row, steps=steps if row.name == "deploy" else ()) for row in FULL]
    words = Reading(page.render(composed(*rows), PageData(), links.Links())).words

    assert "Steps of deploy: 1" in words
    assert re.search(r"drain the old containers\s*✓ passed\s*2\.5", words)
    assert re.search(r"migrations\s*none", words)
    fields = {**FULL[6].fields, "migrations": ["releases.0002_more"]}
    some = [replace(row, fields=fields) if row.name == "deploy" else row for row in FULL]
    words = Reading(page.render(composed(*some), PageData(), links.Links())).words
    assert re.search(r"migrations\s*releases\.0002_more", words)


def test_the_terminal_says_what_the_page_says(workspace: Workspace) -> None:
    """Gates with their distance, failures with their output, tests, coverage and findings."""
    write(workspace, "evidence/lint.json", statement().encode().decode())
    write(workspace, "junit/tests/3.12.xml", JUNIT)
    files = {"a.py": {"missing_lines": [3, 7, 8, 9], "summary": {"percent_covered": 61.25}}}
    write(workspace, "coverage.json", json.dumps({"files": files}))

    show.show(workspace, document(links={"run": "https://ci.example.com/7"}))

    written = workspace.terminal.written  # type: ignore[attr-defined]
    for words in (
        *("CI run: https://ci.example.com/7", "below 10", "3 inside", "3, 7-9"),
        *("failed: tests.a::bad (tests/3.12)", "  <script>alert(1)</script>", "2.50"),
        *("linux/arm64", "61.0", "Promotions and deployments", "staging"),
    ):
        assert words in written


def test_evidence_of_another_commit_is_not_of_this_run(workspace: Workspace) -> None:
    """An old statement lies there until its stage runs again."""
    old = statement(subject=Subject.commit("e" * 40, "d" * 40))
    write(workspace, "evidence/lint.json", old.encode().decode())

    assert page_data.collect(workspace.config, document()).statements == {}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("evidence/lint.json", "{"),
        ("junit/a.xml", "<testsuites>"),
        ("junit/a.xml", "\udcff"),
        ("coverage.json", '{"files": {"a.py": {}}}'),
        ("coverage.json", "[" * 100_000),
        ("sarif/a.sarif", '{"runs": [{}]}'),
        ("sarif/a.sarif", '{"runs": [{"results": [{"message": {"text": ""}, "locations": 7}]}]}'),
    ],
)
def test_what_cannot_be_read_is_named_and_the_page_is_whole(
    workspace: Workspace, name: str, text: str
) -> None:
    """A damaged file costs its section, not the page."""
    file = workspace.config.reports / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode("utf-8", "surrogateescape"))

    html = runs.write_page(workspace, document()).read_text()

    assert Reading(html).open == []
    assert file.name in Reading(html).words


def test_names_from_outside_are_only_text() -> None:
    """In the title, in a table and in a reason; what would turn text around is visible."""
    evil = '"><script>alert(1)</script>\u202e'
    failed = StageResult("lint", Status.FAILED, 1, reason=evil)
    html = page.render({**composed(failed), "branch": evil}, PageData(), links.Links())

    assert "<script>alert" not in html and "\u202e" not in html
    assert "\\u202e" in html


@pytest.mark.parametrize(
    ("remote", "run", "commit"),
    [
        ("https://github.com/a/b", "", f"https://github.com/a/b/commit/{COMMIT}"),
        ("ssh://gitlab.com/a/b/c.git", "", f"https://gitlab.com/a/b/c/-/commit/{COMMIT}"),
        ("https://git.example.com/a/b", "", ""),
        ("", "", ""),
    ],
)
def test_a_commit_is_linked_where_its_pages_are_known(remote: str, run: str, commit: str) -> None:
    """A host that nobody knows gets no link that may lead nowhere."""
    assert links.links(remote, COMMIT, run).commit == commit


def test_only_an_address_of_the_web_is_a_link() -> None:
    """A variable of the CI system is text until it is one."""
    assert links.links("", COMMIT, "javascript:alert(1)").run == ""
    assert links.links("", COMMIT, "https://ci.example.com/7").run == "https://ci.example.com/7"


def test_the_newest_runs_are_kept_under_one_index(workspace: Workspace) -> None:
    """Older ones go, and so does what is no report."""
    folder = workspace.config.reports / "runs"
    (folder / "odd").mkdir(parents=True)
    for number in range(runs.PAGES + 2):
        name = f"6a2f41a3-c54c-4ae9-8a5a-0c1d3e5f7a{number:02x}"
        runs.write_page(workspace, document(run=name, timestamp=f"2026-11-24T21:00:{number:02}Z"))

    kept = sorted(path.name[-2:] for path in folder.iterdir())
    assert kept == [f"{number:02x}" for number in range(2, runs.PAGES + 2)]
    links = Reading((workspace.config.reports / "index.html").read_text()).links
    assert len(links) == runs.PAGES and links[0].endswith("7a15/report.html")
    assert all((workspace.config.reports / link).is_file() for link in links)


def test_no_secret_is_on_the_page(workspace: Workspace) -> None:
    """A test that printed one is shown without it."""
    SECRETS.hide("hunter2-in-a-test")
    write(workspace, "junit/a.xml", JUNIT.replace("assert 1 == 2", "hunter2-in-a-test"))

    assert "hunter2" not in runs.write_page(workspace, document()).read_text()


@pytest.mark.parametrize(
    ("lines", "text"), [([], ""), ([5], "5"), ([3, 1, 2, 2], "1-3"), ([1, 3, 4, 9], "1, 3-4, 9")]
)
def test_lines_are_joined(lines: list[int], text: str) -> None:
    """Neighbours become a range."""
    assert page.ranges(lines) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (59.94, "59.9 s"), (125, "2 min 5 s")]
)
def test_a_time_is_said_as_people_do(seconds: float, text: str) -> None:
    """Below a minute with a tenth."""
    assert page.spoken(seconds) == text
