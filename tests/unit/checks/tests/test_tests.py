"""The tests against services: they run while their services live."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import Answer, TableRunner, outcome
from tests.unit.checks.checked import (
    GOOD_XML,
    SOURCE,
    calls,
    evidence,
    project,
    pytest_that,
    said,
    workspace_of,
)
from towpath.checks import records
from towpath.checks.tests import tests as testing
from towpath.config import Environment, parse
from towpath.config.checking import IntegrationSettings
from towpath.config.workspace import Workspace
from towpath.core.errors import CommandFailedError, ConfigurationError
from towpath.core.runner import Outcome


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a small project."""
    return project(tmp_path)


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what happens to services that start and stop at once."""
    from towpath.environments import services as stack

    events: list[str] = []

    def up(workspace: Workspace, environment: Environment) -> dict[str, str]:
        events.append(f"up {environment.name}")
        return dict.fromkeys(("database", "cache", "queue"), "10.0.0.1")

    def down(workspace: Workspace, environment: Environment, volumes: bool = False) -> None:
        events.append(f"down {environment.name} {volumes}")

    monkeypatch.setattr(stack, "services_up", up)
    monkeypatch.setattr(stack, "services_down", down)
    monkeypatch.setattr(stack, "secrets_for_processes", lambda *_: Path("/made"))
    return events


class Remembering(TableRunner):
    """Remembers the variables of each command."""

    def answer(
        self, argv: tuple[str, ...], env: dict[str, str], stdin: str | None, check: bool
    ) -> Outcome:
        """Answer by the table."""
        self.environments = [*getattr(self, "environments", []), env]
        return super().answer(argv, env, stdin, check)


INTEGRATION = IntegrationSettings(
    options=("-m", "integration"),
    external_options=("-m", "integration and not engine"),
    env={"QUEUE_PASSWORD_FILE": "{secret.queue_password.file}"},
)


def with_testing(root: Path, answers: dict[str, Answer]) -> Workspace:
    """Return a session in a project that has the environment testing."""
    workspace = workspace_of(root, answers)
    config = replace(
        workspace.config,
        environments={"testing": Environment("testing")},
        integration=INTEGRATION,
    )
    return replace(workspace, config=config)


def test_integration_runs_while_its_services_live(root: Path, services: list[str]) -> None:
    """What an earlier run left goes first, all goes in the end, and the tests are judged."""

    def run(argv: tuple[str, ...]) -> Outcome:
        services.append("pytest")
        return pytest_that(GOOD_XML)(argv)

    workspace = with_testing(root, {"-m pytest": run})

    testing.integration(workspace)

    assert services == ["down testing True", "up testing", "pytest", "down testing True"]
    assert evidence(workspace, "integration").facts["tests_run"] == 1
    assert "-m integration tests/integration" in " ".join(calls(workspace))


def test_unit_tests_may_have_services_too(root: Path, services: list[str]) -> None:
    """The values of services are there, and made-up ones."""
    workspace = with_testing(root, {"-m pytest": pytest_that(GOOD_XML)})
    env = {"CACHE": "{cache.host}", "SECRET_KEY": "{random}"}
    config = parse(
        {
            "services": {"cache": "memcached:1.6"},
            "tests": {"services": True, "env": env, "parallel": False},
        },
        workspace.config.root,
        {},
    )
    config = replace(
        workspace.config,
        tests=config.tests,
        services=config.services,
        environments={"testing": Environment("testing")},
    )
    runner = Remembering({**SOURCE, "-m pytest": ""})
    (root / "tests/unit").mkdir(parents=True, exist_ok=True)

    testing.tests(replace(workspace, config=config, runner=runner), ["tests/unit"])

    assert services == ["down testing True", "up testing", "down testing True"]
    (given,) = [row for row in runner.environments if "CACHE" in row]
    assert given["CACHE"] == "10.0.0.1" and len(given["SECRET_KEY"]) > 40
    seen = config.variables_of_settings()
    assert seen["CACHE"] == "cache"


def test_a_value_of_a_service_that_is_not_started_is_a_wrong_setting(tmp_path: Path) -> None:
    """The tests would get the placeholder itself."""
    table: dict[str, Any] = {
        "services": {"cache": "memcached"},
        "tests": {"env": {"X": "{cache.host}", "Y": '{"json": 1}'}},
    }
    with pytest.raises(ConfigurationError, match="value of the service cache"):
        parse(table, tmp_path, {})
    table["tests"]["services"] = True
    assert parse(table, tmp_path, {}).tests.env["X"] == "{cache.host}"
    table["tests"]["env"]["X"] = "{redis.host}"
    with pytest.raises(ConfigurationError, match="unknown placeholder"):
        parse(table, tmp_path, {})


def test_a_file_that_is_named_runs_alone(root: Path, services: list[str]) -> None:
    """The directory of the integration tests beside it would run all of them."""
    (root / "tests/integration").mkdir(parents=True, exist_ok=True)
    (root / "tests/integration/test_one.py").touch()
    workspace = with_testing(root, {"-m pytest": ""})

    testing.integration(workspace, ["tests/integration/test_one.py::test_it", "-x"])

    (call,) = [line for line in calls(workspace) if "-m pytest" in line]
    assert call.split()[-2:] == ["tests/integration/test_one.py::test_it", "-x"]
    assert "tests/integration" not in call.split()


def test_services_that_are_given_are_not_started(root: Path, services: list[str]) -> None:
    """There is no engine then: the tests that need one are left out, and the evidence says so."""
    workspace = workspace_of(
        root, {"-m pytest": pytest_that(GOOD_XML)}, {"TOWPATH_SERVICES": "given"}
    )
    config = replace(workspace.config, integration=INTEGRATION)
    workspace = replace(workspace, config=config)

    testing.integration(workspace)

    assert services == []
    assert "-m integration and not engine" in " ".join(calls(workspace))
    assert evidence(workspace, "integration").facts["excluded_tests"] == ["engine"]


@pytest.mark.parametrize("code", [0, 1])
def test_a_part_of_the_integration_tests_has_no_verdict(
    root: Path, services: list[str], code: int
) -> None:
    """The services come and go all the same."""
    workspace = with_testing(root, {"-m pytest": outcome(code=code)})

    if code:
        with pytest.raises(CommandFailedError):
            testing.integration(workspace, ["-k", "x"])
    else:
        testing.integration(workspace, ["-k", "x"])

    assert services == ["down testing True", "up testing", "down testing True"]
    assert records.names(workspace.config, "integration") == []


def test_services_that_do_not_start_are_taken_down(
    root: Path, services: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No test runs, and the error is the service's."""
    from towpath.environments import services as stack

    def up(workspace: Workspace, environment: Environment) -> dict[str, str]:
        raise CommandFailedError("queue of testing is not healthy.")

    monkeypatch.setattr(stack, "services_up", up)

    with pytest.raises(CommandFailedError, match="queue"):
        testing.integration(with_testing(root, {}))

    assert services == ["down testing True", "down testing True"]


def test_the_app_finds_services_by_these_variables(tmp_path: Path) -> None:
    """By the placeholders of the product's own variables, seen from this machine."""
    (tmp_path / "database_app_password").write_text("p/w\n")
    env = {
        "DATABASE_URL": "{database.url}",
        "CACHE_HOSTS": "{cache.address}",
        "PASSWORD_FILE": "{database.password.file}",
        "HOSTS": "{hosts}",
    }
    tables: dict[str, Any] = {
        "services": {"database": "postgres:17", "cache": "memcached:1.6"},
        "env": env,
    }
    found = parse({"name": "shop", **tables}, tmp_path, {})
    addresses = {"database": "10.0.0.1", "cache": "10.0.0.2"}

    assert testing.service_variables(found, addresses, tmp_path) == {
        "DATABASE_URL": "postgres://shop_app:p%2Fw@10.0.0.1:5432/shop",
        "CACHE_HOSTS": "10.0.0.2:11211",
        "PASSWORD_FILE": str(tmp_path / "database_app_password"),
        "HOSTS": "localhost,127.0.0.1,testserver",
    }
    tables["integration"] = {"env": {"CACHE": "{cache.host}"}}
    found = parse({"name": "shop", **tables}, tmp_path, {})
    assert testing.service_variables(found, addresses, tmp_path) == {"CACHE": "10.0.0.2"}


def test_a_placeholder_of_a_service_that_is_not_there_is_a_wrong_setting(tmp_path: Path) -> None:
    """With the names of those that are."""
    table: dict[str, Any] = {
        "services": {"cache": "memcached"},
        "integration": {"env": {"X": "{redis.host}"}},
    }
    with pytest.raises(ConfigurationError) as caught:
        parse(table, tmp_path, {})

    assert "{redis.host}" in caught.value.what and "cache" in caught.value.why


def test_a_project_without_integration_tests_says_so(root: Path, services: list[str]) -> None:
    """No service starts and no gate is judged; a release is refused, unless the settings say no."""
    workspace = with_testing(root, {})
    config = replace(workspace.config, integration=IntegrationSettings(paths=()))

    testing.integration(replace(workspace, config=config))

    found = evidence(workspace, "integration")
    assert (found.status, found.verdicts, services) == ("passed", (), [])
    assert found.facts["excluded_tests"] == ["integration tests"]
    assert "the project has no integration tests" in said(workspace)
    config = replace(config, integration=IntegrationSettings(paths=(), required=False))
    testing.integration(replace(workspace, config=config))
    assert evidence(workspace, "integration").facts["excluded_tests"] == []
