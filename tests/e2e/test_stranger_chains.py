"""Other people's projects, from `init` to a verified staging, by the commands of the documentation.

The package is the wheel, in an environment that `./dev` makes. What is changed in a project is what
`init` and `lock` write, and the port.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.e2e.conftest import LEAN, LIMIT, ROOT, Ended, run
from tests.strangers import projects
from tools import story
from tools.story import Typed
from towpath.core.http import PageText, get_text

ADVISORIES = ROOT / "tests/fixtures/advisories"
UV = (sys.executable, "-m", "uv")
# What a person adds, where `init` leaves a choice: this project keeps its Dockerfile.
CHOICES = {"channels": ("--dockerfile=Dockerfile",)}
# The directory of the project whose story the documentation has.
FOLDERS = {"startproject": "shop"}
WHO = ("-c", "user.name=A Stranger", "-c", "user.email=stranger@example.com")


@dataclass(frozen=True)
class Project:
    """A project in a repository, its own state, the port of its staging, and what was typed."""

    folder: Path
    root: Path
    state: Path
    wheel: Path
    port: int
    typed: list[Typed] = field(default_factory=list)

    def dev(self, *argv: str) -> Ended:
        """Run a command with the project's own script; the name of this checkout is not theirs."""
        env = {
            **LEAN,
            "TOWPATH_PACKAGE": str(self.wheel),
            "TOWPATH_STATE": str(self.state),
            "TOWPATH_ADVISORIES": str(ADVISORIES),
        }
        own = {name: value for name, value in os.environ.items() if name != "TOWPATH_NAME"}
        done = subprocess.run(
            ["./dev", *argv],
            cwd=self.folder,
            env={**own, **env},
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        ended = Ended(done.returncode, done.stdout + done.stderr, done.stdout)
        is_pipeline = argv == ("invoke", "pipeline")
        self.typed.append(Typed(" ".join(("./dev", *argv)), ended.said, results=is_pipeline))
        return ended

    def succeed(self, *argv: str) -> str:
        """Run a command that has to succeed, and return what it wrote."""
        ended = self.dev(*argv)
        assert ended.code == 0, ended.said
        return ended.said

    def commit(self) -> None:
        """Commit everything that git does not ignore."""
        projects.run(self.root, "git", "add", "-A")
        projects.run(self.root, "git", *WHO, "commit", "-q", "-m", "Go on")

    def get(self, path: str) -> PageText:
        """Ask for a page through the proxy."""
        return get_text(f"http://127.0.0.1:{self.port}{path}", timeout=60)

    def serving(self) -> str:
        """Return the version that staging runs."""
        rows = json.loads(self.dev("invoke", "status", "--json").out)
        (found,) = [row for row in rows if row["environment"] == "staging"]
        assert not found["problems"], found
        return str(found["version"])


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the package, built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    done = run(ROOT, *UV, "build", "--quiet", "--wheel", "--out-dir", str(folder))
    assert done.code == 0, done.said
    (file,) = folder.glob("*.whl")
    return Path(file)


@pytest.fixture
def stranger(request: pytest.FixtureRequest, tmp_path: Path, wheel: Path) -> Iterator[Project]:
    """Make a project, let `init` write what it lacks, and take its staging down in the end."""
    name = str(request.param)
    repository = tmp_path / FOLDERS.get(name, name)
    folder = projects.make(name, repository)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    done = run(
        folder,
        *UV,
        "tool",
        "run",
        f"--from={wheel}",
        "towpath",
        "init",
        "--yes",
        *CHOICES.get(name, ()),
    )
    assert done.code == 0, done.said
    settings = folder / (
        "towpath.toml" if (folder / "towpath.toml").is_file() else "pyproject.toml"
    )
    text = settings.read_text()
    assert "port = 8081" in text
    settings.write_text(text.replace("port = 8081", f"port = {port}"))
    found = Project(folder, repository, tmp_path / "state", wheel, port)
    found.typed.append(Typed("uvx towpath init", done.said))
    if "python -m towpath lock" in done.said:
        found.succeed("python", "-m", "towpath", "lock")
    found.commit()
    try:
        yield found
    finally:
        found.dev("invoke", "services.down", "--environment=staging", "--volumes")


@pytest.mark.parametrize(
    ("stranger", "page", "text", "urls"),
    [
        ("startproject", "/", "The install worked successfully", "shop/urls.py"),
        ("uv", "/total/3/", '{"total": 0}', "config/urls.py"),
        ("pip-tools", "/total/3/", '{"total": 0}', "library/urls.py"),
        ("poetry", "/static/built/site.css", "BODY { COLOR: TEAL; }", "api/urls.py"),
        ("channels", "/total/3/", '{"total": 0}', "chat/urls.py"),
        ("legacy", "/total/3/", '{"total": 0}', "portal/urls.py"),
    ],
    indirect=["stranger"],
)
def test_a_project_goes_from_init_to_staging_and_back(
    stranger: Project, page: str, text: str, urls: str
) -> None:
    """The whole chain; then a second release; then the first one again."""
    said = stranger.succeed("invoke", "pipeline")
    assert "promote-test" in said
    assert text in stranger.get(page).text
    report = json.loads((stranger.folder / "reports/pipeline-report.json").read_text())
    stages = {name: row["status"] for name, row in report["stages"].items()}
    assert stages == dict.fromkeys(stages, "passed")
    # What the first run recorded is committed with everything else.
    stranger.commit()
    first = stranger.serving()

    file = stranger.folder / urls
    file.write_text(file.read_text() + "\n# The second release.\n")
    stranger.commit()
    stranger.succeed("invoke", "pipeline")
    second = stranger.serving()
    assert second != first

    stranger.succeed("invoke", "rollback", "--environment=staging")
    assert stranger.serving() == first
    assert text in stranger.get(page).text
    if stranger.root.name == FOLDERS["startproject"]:
        stranger.succeed("invoke", "status")
        require_documented(stranger)


def require_documented(project: Project) -> None:
    """Compare what was typed with the story of the documentation; the new record is kept."""
    rows = [row for row in project.typed if "--json" not in row.command]
    found = story.record(rows, project.folder, project.port)
    file = ROOT / "reports/story.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    # If the commands are as they should be: python -m tools.story reports/story.json
    assert found == json.loads(story.RECORD.read_text(encoding="utf-8"))


@pytest.mark.parametrize("stranger", ["startproject"], indirect=True)
def test_each_stage_by_its_own_command(stranger: Project) -> None:
    """`deploy` right after `build` says which release it takes; a broken page is never asked."""
    stranger.succeed("nox", "-s", "lint", "tests", "integration", "security")
    stranger.commit()
    stranger.succeed("invoke", "build")
    early = stranger.dev("invoke", "deploy", "--environment=staging")
    assert early.code == 7 and "invoke promote-test" in early.said, early.said
    stranger.succeed("invoke", "scan")
    stranger.succeed("invoke", "promote-test")
    said = stranger.succeed("invoke", "deploy", "--environment=staging")
    assert "the tag test points at it" in said
    assert stranger.get("/").status == 200
