"""A project that is not this one: `init`, then a build for both platforms and a deployment.

Only what `init` writes is changed in it, and the port. Promotion needs evidence of the checks, so
that a release goes to staging by the same act that `invoke deploy` calls.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.trial import ROOT
from tests.strangers import products
from towpath.config import load
from towpath.config.workspace import Workspace
from towpath.core.errors import DeploymentUndoneError
from towpath.core.http import PageText, get_text
from towpath.core.runner import Runner
from towpath.core.terminal import Terminal
from towpath.deployment import deploy, verify
from towpath.engine.discover import find
from towpath.environments import secrets
from towpath.environments import services as stack
from towpath.environments.environment import Site

BROKEN = """

def broken(request):
    raise RuntimeError("every page answers 500")


urlpatterns = [path("", broken)]
"""


@dataclass(frozen=True)
class Stranger:
    """A project in a repository of its own, and the settings for its staging environment."""

    folder: Path
    port: int

    @property
    def env(self) -> dict[str, str]:
        """The variables of every command; the name of this checkout's projects is not theirs."""
        own = {name: value for name, value in os.environ.items() if name != "TOWPATH_NAME"}
        found = dict(find(own).environment)
        state = str(self.folder.parent / "state")
        return {**own, **found, "PYTHONPATH": str(ROOT), "TOWPATH_STATE": state}

    @property
    def workspace(self) -> Workspace:
        """The tools of a task."""
        terminal = Terminal({})
        runner = Runner(terminal, env=self.env, cwd=self.folder)
        return Workspace(load(self.folder, self.env), runner, terminal)

    def run(self, *argv: str) -> str:
        """Run a command in the project, and return what it wrote."""
        ended = subprocess.run(
            argv, cwd=self.folder, env=self.env, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def towpath(self, *words: str) -> str:
        """Run `python -m towpath`."""
        return self.run(sys.executable, "-m", "towpath", *words)

    def commit(self) -> None:
        """Commit everything that git does not ignore."""
        self.run("git", "add", "--all")
        who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        self.run("git", *who, "commit", "--quiet", "--message=more")

    def build(self) -> str:
        """Build the image for both platforms, and return its digest."""
        words = self.run(sys.executable, "-m", "invoke", "build")
        (digest,) = re.findall(r"@(sha256:[0-9a-f]{64})", words)
        return str(digest)

    def deploy(self, version: str) -> None:
        """Build what is committed, deploy it to staging and verify it."""
        digest, workspace = self.build(), self.workspace
        place = workspace.config.environment("staging")
        deploy.deploy(workspace, place, digest, version)
        assert verify.verify(workspace, place, digest, version)["problems"] == []

    def get(self, path: str = "/") -> PageText:
        """Ask for a page through the proxy."""
        return get_text(f"http://127.0.0.1:{self.port}{path}", timeout=60)


@contextmanager
def adopted(
    folder: Path, port: int, make: Callable[[Path], None], answers: Mapping[str, str] | None = None
) -> Iterator[Stranger]:
    """Make a project, let `init` write what it lacks, and take its environment down in the end."""
    make(folder)
    found = Stranger(folder, port)
    found.run("git", "init", "--quiet", "--initial-branch=main")
    found.commit()
    words = [f"--{name}={value}" for name, value in (answers or {}).items()]
    found.towpath("init", "--yes", *words)
    settings = folder / (
        "towpath.toml" if (folder / "towpath.toml").is_file() else "pyproject.toml"
    )
    text = settings.read_text()
    assert "port = 8081" in text
    settings.write_text(text.replace("port = 8081", f"port = {port}"))
    if (folder / "requirements.txt").is_file():
        found.towpath("lock")
    found.commit()
    try:
        yield found
    finally:
        workspace = found.workspace
        stack.services_down(workspace, workspace.config.environment("staging"), volumes=True)


@pytest.fixture
def port() -> int:
    """A port that this machine has free."""
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_what_startproject_makes_is_served(tmp_path: Path, port: int) -> None:
    """With requirements of two lines; a release whose pages are errors is never asked."""
    with adopted(tmp_path / "plain", port, products.start) as project:
        project.deploy("1.0")
        assert "The install worked successfully" in project.get().text

        urls = project.folder / "shop" / "urls.py"
        text = urls.read_text()
        urls.write_text(text + BROKEN)
        project.commit()
        with pytest.raises(DeploymentUndoneError) as caught:
            project.deploy("1.1")
        assert "/ answers 500" in caught.value.why
        assert project.get().status == 200

        urls.write_text(text + "\n# better\n")
        project.commit()
        project.deploy("1.2")
        workspace = project.workspace
        back = deploy.rollback(workspace, workspace.config.environment("staging"))
        assert back.version == "1.0"
        assert project.get().status == 200


def test_celery_redis_and_a_lock_file_work(tmp_path: Path, port: int) -> None:
    """The worker answers, exactly one scheduler beats, and static files are in the image."""
    with adopted(tmp_path / "shop", port, products.celery) as project:
        project.deploy("1.0")
        front = project.get().text
        style = re.search(r"/static/\S+\.css", front)

        assert front.startswith("The shop has 0 items.")
        assert style and "color: black" in project.get(style[0]).text
        assert project.get("/work/").text.startswith("sum 5, beats")
        workspace = project.workspace
        place = workspace.config.environment("staging")
        site = Site.open(workspace, place)
        assert len(site.containers("beat")) == 1
        # No variable with a secret is in a file that is rendered.
        secret = secrets.values(site.state)["secret_key"]
        rendered = (project.folder / ".towpath" / "rendered").rglob("*")
        assert not [file for file in rendered if file.is_file() and secret in file.read_text()]
