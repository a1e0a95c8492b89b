"""Each command for when something breaks, typed on a fault that is planted for it."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT, Ended, commit, invoke, run
from tests.e2e.typed import typed
from tests.misbehaving import RealRegistry, registry_program
from tests.registry_server import NAME, push_image
from tests.releases import labels
from towpath.core.references import Repository
from towpath.registry.client import RegistryClient
from towpath.tasks.context import workspace

# Stages beside those of the product: what fails is their last step, and nothing else is built.
STAGES = """
FROM bare AS failing
ARG DEPTH=3
WORKDIR /looked/at
COPY pyproject.toml ./
RUN --mount=type=bind,source=docker/wheel,target=/docker/wheel \\
    echo "depth ${DEPTH}" && ls /docker/wheel/no-such-file

FROM localhost:1/none:0 AS baseless
RUN true

FROM scratch AS shellless
COPY pyproject.toml /
COPY no-such-file /
"""
PLANTED = '''"""A test that fails."""


def test_planted() -> None:
    """With a value to look at."""
    answer = 6 * 7
    assert answer == 43
'''
# bcrypt of "right".
HTPASSWD = "ci:$2b$05$.eSDWlXNs.nVKk44F1jgV.jVh/Amu0WL8fLAbHskkzoE.PGduSXs.\n"


@pytest.fixture
def failing(checkout: Callable[[], Path]) -> Path:
    """Return a checkout with stages that fail."""
    target = checkout()
    text = (target / "Dockerfile").read_text()
    commit(target, {"Dockerfile": text + STAGES})
    return target


def test_a_build_that_fails_is_shown_and_its_log_kept(failing: Path) -> None:
    """Without cache, with all of its output, and the step with its last lines at the end."""
    ended = invoke(failing, "debug.build", "--target=failing")

    assert ended.code == 5, ended.said
    # The builder's own output, as it came.
    assert "[internal] load build definition from Dockerfile" in ended.said
    last = ended.said[ended.said.index("ERROR The build failed at [failing 3/3].") :]
    assert "depth 3" in last
    assert "No such file or directory" in last
    assert "next: See reports/logs/debug-build.log." in last
    log = (failing / "reports" / "logs" / "debug-build.log").read_text()
    assert "--no-cache" in log
    assert "Dockerfile:" in log


def test_a_shell_in_the_layer_before_the_failing_step(failing: Path) -> None:
    """With the step's arguments, its mounts and its command; the image is gone afterwards."""
    ended = typed(
        failing,
        ["debug.shell", "--target=failing"],
        [
            ("exit ends it.", 'echo "here $(pwd) $(ls) depth $DEPTH"'),
            ("here /looked/at pyproject.toml depth 3", "ls /docker/wheel"),
            ("build.sh", "exit 7"),
        ],
    )

    assert ended.code == 0, ended.said
    assert "The build failed at [failing 3/3]. Its last lines:" in ended.said
    assert "ls /docker/wheel/no-such-file" in ended.said
    names = ["docker", "image", "ls", "--format={{.Tag}}", "--filter=reference=*/*:debug-failing*"]
    found = workspace(engine=True)
    assert found.runner.run(names).stdout == ""


@pytest.mark.parametrize(
    ("target", "what"),
    [
        ("baseless", "No layer is before it, so that there is nothing to open a shell in."),
        ("shellless", "The layer before the step has no shell."),
    ],
)
def test_without_a_layer_or_a_shell_in_it_that_is_said(
    failing: Path, target: str, what: str
) -> None:
    """Exit code 5."""
    ended = typed(failing, ["debug.shell", f"--target={target}"], [])

    assert ended.code == 5, ended.said
    assert what in " ".join(ended.said.split())


def test_a_failing_test_in_the_testing_image(checkout: Callable[[], Path]) -> None:
    """Its traceback, and the debugger where it fails; the services are up and then gone."""
    target = checkout()
    commit(target, {"tests/app/test_planted.py": PLANTED})

    ended = typed(
        target,
        ["debug.tests", "--", "-k", "planted", "--pdb"],
        [
            ("(Pdb)", "p 'the answer is', answer"),
            ("('the answer is', 42)", "import os; print(os.environ['DATABASE_HOST'], 'is there')"),
            ("database is there", "q"),
        ],
    )

    assert ended.code == 5, ended.said
    assert "assert answer == 43" in ended.said
    assert "E       assert 42 == 43" in ended.said
    assert "The tests were stopped before their end." in ended.said
    gone = invoke(target, "services.ps", "--environment=testing")
    assert "database" not in gone.out


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a checkout whose services of development are up."""
    target = tmp_path_factory.mktemp("services") / "checkout"
    run(target.parent, "git", "clone", "--quiet", str(ROOT), str(target))
    ended = invoke(target, "services.up")
    assert ended.code == 0, ended.said
    yield target
    invoke(target, "services.down", "--volumes")


def test_psql_reads_and_does_not_write(services: Path) -> None:
    """On a terminal; what a statement may change needs --write."""
    ended = typed(
        services,
        ["debug.database", "--environment=development"],
        [
            ("read-only=> ", "SELECT 6 * 7 AS answer;"),
            ("42", "CREATE TABLE planted ();"),
            ("read-only transaction", "\\q"),
        ],
    )
    written = invoke(
        services, "debug.database", "--environment=development", "--command=CREATE TABLE planted ()"
    )

    assert ended.code == 0, ended.said
    assert written.code == 5
    assert "Add --write if it is meant to change data." in written.said


def test_a_shell_in_a_running_container(services: Path) -> None:
    """By the name of its service."""
    ended = typed(
        services,
        ["debug.shell", "--service=cache"],
        [("exit ends it.", 'echo "here $(cat /proc/1/comm)"'), ("here memcached", "exit")],
    )

    assert ended.code == 0, ended.said


def test_a_database_that_is_down(services: Path) -> None:
    """Both say that it does not run, with the end of its log, and how to start it."""
    found = workspace(engine=True)
    name = f"{found.config.name}-development-database-1"
    found.runner.run(["docker", "stop", name])
    try:
        asked = invoke(
            services, "debug.database", "--environment=development", "--command=SELECT 1"
        )
        opened = typed(services, ["debug.shell", "--service=database"], [])
        health = invoke(services, "health", "--environment=development")
    finally:
        started = invoke(services, "services.up")

    for ended in (asked, opened):
        assert ended.code == 5, ended.said
        assert f"{name} is not running." in ended.said
        assert "database system is shut down" in ended.said
        assert "invoke services.up --environment=development" in ended.said
    assert health.code == 5
    (line,) = [row for row in health.out.splitlines() if "✗ development database" in row]
    assert "is not running" in line
    assert line.endswith("invoke services.up --environment=development")
    assert started.code == 0, started.said


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealRegistry]:
    """Return a real registry that wants a password, with an image of two platforms."""
    folder = tmp_path_factory.mktemp("registry")
    program = registry_program(workspace(engine=True), folder)
    found = RealRegistry(program, folder, HTPASSWD)
    found.start()
    client = RegistryClient(Repository(found.host, NAME), env=login(folder, found, "right"))
    push_image(client, labels(), tag="built")
    yield found
    found.stop()


def login(folder: Path, registry: RealRegistry, password: str) -> dict[str, str]:
    """Return the environment of somebody who logged in with this password."""
    config = folder / password / "config.json"
    config.parent.mkdir(exist_ok=True)
    pair = base64.b64encode(f"ci:{password}".encode()).decode()
    config.write_text(json.dumps({"auths": {registry.host: {"auth": pair}}}))
    return {"DOCKER_CONFIG": str(config.parent), "TOWPATH_REGISTRY": registry.host}


def steps(ended: Ended) -> list[tuple[str, str]]:
    """Return the mark and the name of each step that was shown."""
    rows = [line.split() for line in ended.out.splitlines() if line[:1] in "✓✗"]
    return [(row[0], row[1]) for row in rows]


def test_each_step_to_an_image(registry: RealRegistry, tmp_path: Path) -> None:
    """With the right password, to the last; this registry has no referrers API."""
    ended = invoke(ROOT, "debug.registry", **login(tmp_path, registry, "right"))

    assert ended.code == 0, ended.said
    names = "DNS TLS challenge login manifest platforms blobs referrers"
    assert steps(ended) == [("✓", name) for name in names.split()]
    assert "linux/amd64, linux/arm64" in ended.out


def test_a_wrong_password(registry: RealRegistry, tmp_path: Path) -> None:
    """Whose it is, where it comes from, and the command that replaces it; never itself."""
    ended = invoke(ROOT, "debug.registry", **login(tmp_path, registry, "mistaken"))

    assert ended.code == 5, ended.said
    assert steps(ended)[-2:] == [("✓", "challenge"), ("✗", "login")]
    assert (
        f"{registry.host} does not accept 'ci' from {tmp_path}/mistaken/config.json." in ended.out
    )
    step = f"next: invoke registry.login --registry={registry.host} --user=ci"
    assert ended.said.splitlines()[-1] == step
    pair = base64.b64encode(b"ci:mistaken").decode()
    assert pair not in ended.said


def test_a_registry_that_is_stopped(registry: RealRegistry, tmp_path: Path) -> None:
    """Nothing listens there."""
    registry.stop()
    try:
        ended = invoke(ROOT, "debug.registry", **login(tmp_path, registry, "right"))
    finally:
        registry.start()

    assert ended.code == 5, ended.said
    assert steps(ended) == [("✓", "DNS"), ("✗", "TLS")]
    assert ended.said.splitlines()[-1] == "next: invoke registry.start"


def test_the_caches_in_the_registry(registry: RealRegistry, tmp_path: Path) -> None:
    """Their size is shown; there is none yet."""
    ended = invoke(ROOT, "registry.cache", **login(tmp_path, registry, "right"))

    assert ended.code == 0, ended.said


@pytest.mark.parametrize(
    "argv", [("debug.shell",), ("debug.tests",), ("debug.database",), ("services.shell", "web")]
)
def test_without_a_terminal_it_says_so(argv: tuple[str, ...]) -> None:
    """As in a CI job: exit code 2, and another way."""
    ended = run(ROOT, sys.executable, "-m", "invoke", *argv)

    assert ended.code == 2, ended.said
    assert f"ERROR invoke {argv[0]} needs a terminal." in ended.said
    assert "next: " in ended.said
