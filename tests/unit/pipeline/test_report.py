"""The report on disk and at the dashboard."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import QuietTerminal, TableRunner
from tests.quiet import QuietServer
from towpath import config
from towpath.config.workspace import Workspace
from towpath.core.errors import CommandFailedError, ConfigurationError, NothingToJudgeError
from towpath.core.http import get_json
from towpath.gates import Status
from towpath.pipeline import document as report
from towpath.pipeline import report as reports
from towpath.pipeline import show
from towpath.pipeline.dashboard import deliver
from towpath.pipeline.document import StageResult

DOCUMENT = report.compose(
    run="6a2f41a3-c54c-4ae9-8a5a-0c1d3e5f7a9b",
    timestamp="2026-11-24T21:00:00Z",
    commit="c" * 40,
    branch="main",
    version="1.2.3",
    duration=2,
    results=[StageResult("lint", Status.PASSED, 1.5, {"issues": 0})],
)


@dataclass
class Dashboard:
    """A dashboard that answers with one status and remembers what it was told."""

    status: int = 202
    url: str = ""
    told: list[tuple[str, str, Any]] = field(default_factory=list)


@contextmanager
def dashboard(status: int = 202, host: str = "127.0.0.1") -> Iterator[Dashboard]:
    """Serve a dashboard on an address of the loopback."""
    found = Dashboard(status)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.told.append((self.path, self.headers["Authorization"], json.loads(body)))
            self.send_response(found.status)
            self.end_headers()
            self.wfile.write(b"what it says")

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = QuietServer((host, 0), Handler)
    found.url = f"http://{host}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def workspace_of(root: Path, table: dict[str, Any] | None = None, **env: str) -> Workspace:
    """Return a session in a project with these settings."""
    return Workspace(config.parse(table or {}, root, env), TableRunner(), QuietTerminal())


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    """The report is whole on disk."""
    workspace = workspace_of(tmp_path)
    reports.write_report(workspace.config, DOCUMENT)

    assert reports.read_report(workspace.config) == DOCUMENT


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"stages": {}}'])
def test_a_broken_report_is_nothing_to_judge(tmp_path: Path, content: str) -> None:
    """An empty or half file is exit code 3."""
    workspace = workspace_of(tmp_path)
    file = reports.path(workspace.config)
    file.parent.mkdir()
    file.write_text(content)

    with pytest.raises(NothingToJudgeError, match="Cannot read the report"):
        reports.read_report(workspace.config)


def test_a_missing_report_names_the_next_step(tmp_path: Path) -> None:
    """No report is exit code 3, and `invoke pipeline` makes one."""
    with pytest.raises(NothingToJudgeError) as caught:
        reports.read_report(workspace_of(tmp_path).config)

    assert "invoke pipeline" in caught.value.next_step


def test_the_report_is_shown_as_a_table(tmp_path: Path) -> None:
    """One row a stage, with its numbers."""
    workspace = workspace_of(tmp_path)
    show.show(workspace, DOCUMENT)

    written = workspace.terminal.written  # type: ignore[attr-defined]
    assert "1.2.3 on main: passed" in written
    assert "0 issues" in written


@pytest.mark.door
@pytest.mark.parametrize("status", [200, 202])
def test_the_report_is_delivered_with_the_token(tmp_path: Path, status: int) -> None:
    """The dashboard gets the document and the token from the variable."""
    with dashboard(status) as found:
        table = {"dashboard": {"url": found.url}}
        workspace = workspace_of(tmp_path, table, TOWPATH_DASHBOARD_TOKEN="secret")

        assert reports.publish(workspace, DOCUMENT) == found.url

    assert found.told == [("/api/runs/", "Bearer secret", DOCUMENT)]


@pytest.mark.door
def test_the_token_of_an_environment_comes_from_its_secrets(tmp_path: Path) -> None:
    """A dashboard that the pipeline deployed needs no variable."""
    with dashboard() as found:
        port = int(found.url.rpartition(":")[2])
        table = {
            "name": "p",
            "dashboard": {"environment": "staging"},
            "environments": {"staging": {"port": port}},
        }
        workspace = workspace_of(tmp_path, table, TOWPATH_STATE=str(tmp_path))
        secret = tmp_path / "states/p-staging/secrets/ingest_token"
        secret.parent.mkdir(parents=True)
        secret.write_text("generated\n")

        reports.publish(workspace, DOCUMENT)

    assert found.told[0][1] == "Bearer generated"


@pytest.mark.door
def test_a_report_goes_where_the_proxy_is_published(tmp_path: Path) -> None:
    """Nobody listens on 127.0.0.1 where another address was chosen; verification asks there too."""
    with dashboard(host="127.0.0.2") as found:
        table = {
            "dashboard": {"environment": "staging"},
            "environments": {"staging": {"port": int(found.url.rpartition(":")[2])}},
        }
        env = {"TOWPATH_BIND": "127.0.0.2", "TOWPATH_DASHBOARD_TOKEN": "t"}
        workspace = workspace_of(tmp_path, table, **env)

        assert reports.publish(workspace, DOCUMENT) == found.url
        assert get_json(f"{workspace.config.environment('staging').url}/").status == 501

    assert found.told == [("/api/runs/", "Bearer t", DOCUMENT)]


@pytest.mark.door
def test_a_refusal_quotes_the_dashboard(tmp_path: Path) -> None:
    """Status and words of the answer are in the error."""
    with dashboard(422) as found:
        workspace = workspace_of(
            tmp_path, {"dashboard": {"url": found.url}}, TOWPATH_DASHBOARD_TOKEN="secret"
        )
        with pytest.raises(CommandFailedError) as caught:
            reports.publish(workspace, DOCUMENT)

    assert caught.value.why == "It answered 422: what it says"


@pytest.mark.door
def test_an_older_dashboard_gets_the_report_without_links() -> None:
    """It refuses keys that it does not know, and still stores all that it does know."""
    with dashboard(422) as found, pytest.raises(CommandFailedError):
        deliver(found.url, "t", DOCUMENT | {"links": {"run": "https://ci.example.com/7"}})

    assert [sorted(body.keys() ^ DOCUMENT.keys()) for _, _, body in found.told] == [["links"], []]


@pytest.mark.door
def test_a_dashboard_that_is_down_is_a_warning_at_the_end_of_a_run(tmp_path: Path) -> None:
    """Nobody's run fails because the dashboard is away."""
    table = {"dashboard": {"url": "http://127.0.0.1:1"}}
    workspace = workspace_of(tmp_path, table, TOWPATH_DASHBOARD_TOKEN="secret")

    reports.try_publish(workspace, DOCUMENT)

    said = workspace.terminal.said  # type: ignore[attr-defined]
    assert "Report not delivered" in said
    assert "secret" not in said


def test_no_dashboard_is_an_error_only_when_asked(tmp_path: Path) -> None:
    """A run without a dashboard says nothing; `report.publish` says what to set."""
    workspace = workspace_of(tmp_path)

    reports.try_publish(workspace, DOCUMENT)

    assert workspace.terminal.said == ""  # type: ignore[attr-defined]
    with pytest.raises(ConfigurationError, match="dashboard has no address"):
        reports.publish(workspace, DOCUMENT)


def test_no_token_is_a_clear_error(tmp_path: Path) -> None:
    """The variable and the file are both named."""
    workspace = workspace_of(tmp_path, {"dashboard": {"url": "http://127.0.0.1:1"}}, HOME="nowhere")

    with pytest.raises(ConfigurationError) as caught:
        reports.publish(workspace, DOCUMENT)

    assert "TOWPATH_DASHBOARD_TOKEN" in caught.value.why


@pytest.mark.door
@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy"])
def test_no_proxy_gets_the_report_of_this_machine(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Neither the report nor the token, also where NO_PROXY is not set."""
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)

    with dashboard() as proxy, dashboard() as board:
        monkeypatch.setenv(name, proxy.url)
        deliver(board.url, "token", DOCUMENT)

    assert proxy.told == []
    assert [authorization for _, authorization, _ in board.told] == ["Bearer token"]
