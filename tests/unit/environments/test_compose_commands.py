"""Compose commands, as whole lines."""

from __future__ import annotations

from towpath.config.services import Service
from towpath.deployment.migrations import backup_commands, migrate_commands
from towpath.environments import compose_commands as compose
from towpath.environments.compose_commands import Project

BOX = Project("box", ("compose/base.yaml", "compose/staging.yaml"))
START = (
    "docker compose --project-name=box --file=compose/base.yaml --file=compose/staging.yaml".split()
)


def test_services_start_alone() -> None:
    """Nothing else of the project is touched."""
    flags = ["up", "--detach", "--no-deps", "--quiet-pull"]

    assert compose.up(BOX, ("database", "cache")) == [*START, *flags, "database", "cache"]


def test_new_containers_come_beside_those_that_run() -> None:
    """What runs is not recreated."""
    flags = ["up", "--detach", "--no-deps", "--no-recreate", "--quiet-pull"]

    assert compose.scale(BOX, {"web": 4}) == [*START, *flags, "--scale=web=4", "web"]


def test_a_command_may_have_another_user_with_rights() -> None:
    """What the service itself must not do."""
    argv = compose.run(BOX, "migrate", ["chown"], user="0:0", rights=("CHOWN",))

    assert argv[-4:] == ["--user=0:0", "--cap-add=CHOWN", "migrate", "chown"]


def test_a_command_gets_a_container_of_its_own_or_runs_inside_one() -> None:
    """Without a terminal, so that standard input reaches it."""
    flags = ["--rm", "--no-deps", "--no-TTY", "--quiet-pull"]
    words = migrate_commands.script("config.settings", "plan")

    assert compose.run(BOX, "migrate", words) == [
        *(*START, "run", *flags, "migrate"),
        *("python", "-", "config.settings", "plan"),
    ]
    service = Service("database", "postgres", "postgres:17", "dashboard", "dashboard")
    dump = backup_commands.dump(service, "/backups/x")
    assert compose.execute(BOX, "database", dump, user="root") == [
        *(*START, "exec", "--no-TTY", "--user=root", "database", "pg_dump"),
        *("--username=dashboard", "--format=custom", "--file=/backups/x", "dashboard"),
    ]


def test_data_goes_only_when_asked() -> None:
    """Volumes stay otherwise."""
    plain = [*START, "--profile=*", "down", "--remove-orphans"]

    assert compose.down(BOX, volumes=False) == plain
    assert compose.down(BOX, volumes=True) == [*plain, "--volumes"]


def test_logs_and_images() -> None:
    """The last lines, and what comes; the image of one service."""
    flags = ["logs", "--tail=5", "--no-color", "--follow"]

    assert compose.logs(BOX, ["web"], lines=5, follow=True) == [*START, *flags, "web"]
    assert compose.pull(BOX, "web") == [*START, "pull", "--quiet", "web"]


def test_a_check_runs_to_its_end() -> None:
    """Its dependencies come first, and the machine's files are seen at their own place."""
    flags = ["run", "--rm", "--no-TTY", "--quiet-pull"]

    assert compose.check(BOX, "lint-check", [], ["B", "A"])[-3:] == [
        "--env=A",
        "--env=B",
        "lint-check",
    ]
    assert compose.check(BOX, "lint-check", ["/a b"]) == (
        [*START, *flags, "--volume=/a b:/a b:ro", "lint-check"]
    )
    assert compose.create(BOX, "lint-check") == [*START, "create", "--quiet-pull", "lint-check"]
