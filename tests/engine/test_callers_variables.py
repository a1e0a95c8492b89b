"""What a shell, CI or a `.env` sets for Docker's commands does not change what ours do."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from towpath.environments.engine import Engine
from towpath.tasks.context import workspace

pytestmark = pytest.mark.engine

FILE = """services:
  one: {image: one, environment: {WORD: "${WORD:-ours}"}}
  two: {image: two, profiles: [extra]}
"""
SET = {
    "COMPOSE_FILE": "/nowhere.yaml",
    "COMPOSE_PROJECT_NAME": "theirs",
    "COMPOSE_PROFILES": "extra",
    "DOCKER_DEFAULT_PLATFORM": "linux/riscv64",
    "DOCKER_API_VERSION": "1.1",
    "BUILDX_BUILDER": "no-such-builder",
    "DOCKER_TLS_VERIFY": "",
    "DOCKER_CONTEXT": "",
}


def test_nothing_of_it_reaches_compose_or_buildx(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Project, services, interpolated words, builder and protocol are ours and the engine's."""
    (tmp_path / "compose.yaml").write_text(FILE)
    (tmp_path / ".env").write_text("WORD=theirs\nCOMPOSE_PROFILES=extra\n")
    for name, text in SET.items():
        monkeypatch.setenv(name, text)
    runner = workspace(engine=True).runner
    config = runner.run(["docker", "compose", "config", "--format=json"], cwd=tmp_path)
    builder = runner.run(["docker", "buildx", "inspect"]).stdout
    version = runner.run(["docker", "version", "--format={{.Server.APIVersion}}"]).stdout

    document = json.loads(config.stdout)
    assert document["name"] == tmp_path.name
    assert list(document["services"]) == ["one"]
    assert document["services"]["one"]["environment"] == {"WORD": "ours"}
    assert "Name:          default" in builder
    assert version.strip() != "1.1"


@pytest.mark.parametrize("by_variable", [True, False], ids=["DOCKER_CONTEXT", "config.json"])
def test_the_engine_of_a_context_is_asked_by_every_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_variable: bool
) -> None:
    """By the SDK, which knows no contexts, as by the commands."""
    there = workspace(engine=True)
    host = there.config.env.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    meta = tmp_path / "contexts/meta" / hashlib.sha256(b"lab").hexdigest()
    meta.mkdir(parents=True)
    endpoints = {"docker": {"Host": host, "SkipTLSVerify": False}}
    (meta / "meta.json").write_text(json.dumps({"Name": "lab", "Endpoints": endpoints}))
    chosen = {} if by_variable else {"currentContext": "lab"}
    (tmp_path / "config.json").write_text(json.dumps(chosen))
    monkeypatch.setenv("PATH", there.config.env["PATH"])
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    # So that it is nobody's embedded engine, but one that was named.
    monkeypatch.setenv("TOWPATH_ENGINE_DIR", "/srv/none")
    monkeypatch.setenv("DOCKER_CONTEXT", "lab" if by_variable else "")
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    found = workspace(engine=True)

    assert Engine(found.config.env).platform() == Engine(there.config.env).platform()
    said = found.runner.run(["docker", "version", "--format={{.Server.Os}}"])
    assert said.stdout.strip() == "linux"
