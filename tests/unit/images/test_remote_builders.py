"""Who builds which platform: machines that answer, builders that are made and taken away."""

from __future__ import annotations

import fcntl
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.fakes import QuietTerminal
from tests.unit.images.machines import HERE, Engine, Machines
from towpath.config import parse
from towpath.config.workspace import Workspace
from towpath.core.errors import CommandFailedError, ConfigurationError, InterruptedRunError
from towpath.images import remote_builders as builders
from towpath.images.builder import Builder

BOTH = ("linux/amd64", "linux/arm64")
FAR, TLS = "ssh://me@far", "tcp://far:2376"


def workspace_of(root: Path, machines: Machines, endpoint: object = FAR) -> Workspace:
    """Return a session in which another machine builds linux/arm64."""
    table = {"name": "box", "builders": {"arm64": endpoint} if endpoint else {}}
    env = {"TOWPATH_STATE": str(root / "state"), "HOME": str(root)}
    return Workspace(parse(table, root, env), machines, QuietTerminal())


def with_tls(root: Path) -> dict[str, str]:
    """Write files for TLS, and return the table that names them."""
    for name in ("ca", "cert", "key"):
        (root / f"{name}.txt").write_text(f"the {name}")
    return {"endpoint": TLS, "ca": "ca.txt", "cert": str(root / "cert.txt"), "key": "~/key.txt"}


def made(workspace: Workspace) -> list[str]:
    """Return the builders that are written down."""
    folder = workspace.config.state / "builders"
    return sorted(row.name for row in folder.iterdir()) if folder.is_dir() else []


def test_without_a_table_this_machine_builds_all(tmp_path: Path) -> None:
    """Nothing else is asked."""
    machines = Machines({HERE: Engine("x86_64")})

    with builders.ready_builders(workspace_of(tmp_path, machines, ""), BOTH) as found:
        assert found == (Builder("docker", BOTH),)
    assert machines.lines == ["docker info --format json"]


def test_each_machine_gets_its_own_platform(tmp_path: Path) -> None:
    """An engine with an image store is asked directly: no builder is made, and nothing stays."""
    machines = Machines({HERE: Engine("x86_64"), FAR: Engine()})
    workspace = workspace_of(tmp_path, machines)

    with builders.ready_builders(workspace, BOTH) as (near, far):
        assert (near.platforms, near.elsewhere) == (("linux/amd64",), False)
        assert (far.name, far.platforms, far.builder) == (FAR, ("linux/arm64",), "default")
        assert far.elsewhere
        assert far.env == {"DOCKER_HOST": FAR, "DOCKER_CONTEXT": "", "DOCKER_TLS_VERIFY": ""}
    assert machines.builders == {}
    assert made(workspace) == []


def test_this_machine_is_not_asked_for_what_others_build(tmp_path: Path) -> None:
    """It may have no engine at all."""
    machines = Machines({FAR: Engine()})

    with builders.ready_builders(workspace_of(tmp_path, machines), ("linux/arm64",)) as found:
        assert [place.name for place in found] == [FAR]
    assert len(machines.lines) == 1


def test_files_for_tls_are_given_by_the_names_that_the_client_reads(tmp_path: Path) -> None:
    """They stay where they are, and the directory is gone afterwards."""
    machines = Machines({HERE: Engine("x86_64"), TLS: Engine()})

    with builders.ready_builders(
        workspace_of(tmp_path, machines, with_tls(tmp_path)), BOTH
    ) as found:
        folder = Path(found[1].env["DOCKER_CERT_PATH"])
        assert found[1].env["DOCKER_TLS_VERIFY"] == "1"
    assert machines.material == [{"ca.pem": "the ca", "cert.pem": "the cert", "key.pem": "the key"}]
    assert not folder.exists()


def test_a_file_that_is_missing_is_a_setting(tmp_path: Path) -> None:
    """Machine, platform and file are named before anything is asked."""
    machines = Machines({HERE: Engine("x86_64"), TLS: Engine()})
    workspace = workspace_of(tmp_path, machines, with_tls(tmp_path))
    (tmp_path / "key.txt").unlink()

    with pytest.raises(ConfigurationError) as caught, builders.ready_builders(workspace, BOTH):
        pass

    assert (
        caught.value.what
        == f"Cannot build linux/arm64 on {TLS}: its TLS file 'key' cannot be read."
    )
    assert str(tmp_path / "key.txt") in caught.value.why
    assert machines.lines == []


def test_a_machine_that_does_not_answer_is_named(tmp_path: Path) -> None:
    """The client exits 0 then; it is an error all the same, with a way out."""
    machines = Machines({HERE: Engine("x86_64")})
    workspace = workspace_of(tmp_path, machines)

    with pytest.raises(CommandFailedError) as caught, builders.ready_builders(workspace, BOTH):
        pass

    assert caught.value.code == 5
    assert caught.value.lines() == [
        f"Cannot build linux/arm64 on {FAR}: The Docker engine did not respond.",
        "why: Cannot connect",
        f"next: Check with `docker --host={FAR} info`. "
        "To build everything locally, set TOWPATH_BUILDERS to an empty value.",
    ]
    assert made(workspace) == []


def test_a_machine_behind_tls_is_tried_with_its_files(tmp_path: Path) -> None:
    """The way out that is named is one that could work."""
    machines = Machines({HERE: Engine("x86_64")})
    workspace = workspace_of(tmp_path, machines, with_tls(tmp_path))

    with pytest.raises(CommandFailedError) as caught, builders.ready_builders(workspace, BOTH):
        pass

    files = f"--tlscacert=ca.txt --tlscert={tmp_path}/cert.txt --tlskey=~/key.txt"
    assert f"`docker --host={TLS} --tlsverify {files} info`" in caught.value.next_step


def test_a_machine_of_another_platform_is_told(tmp_path: Path) -> None:
    """It builds, and what it runs is emulated."""
    machines = Machines({HERE: Engine("x86_64"), FAR: Engine("x86_64")})
    workspace = workspace_of(tmp_path, machines)

    with builders.ready_builders(workspace, BOTH) as found:
        assert [place.emulates for place in found] == [False, True]
    assert isinstance(workspace.terminal, QuietTerminal)
    assert "is a linux/amd64 machine" in " ".join(workspace.terminal.said.split())


def test_an_engine_without_image_store_gets_a_builder_there(tmp_path: Path) -> None:
    """It is made once, used again, and kept while its settings are."""
    machines = Machines({HERE: Engine("x86_64"), FAR: Engine(store=False)})
    workspace = workspace_of(tmp_path, machines)

    with builders.ready_builders(workspace, BOTH) as found:
        name = found[1].builder
    with builders.ready_builders(workspace, BOTH) as again:
        assert again[1].builder == name
        assert again[1].env == {}

    assert machines.builders == {name: FAR}
    assert made(workspace) == [name]
    assert sum("create" in line for line in machines.lines) == 1


def test_a_builder_behind_tls_is_reached_by_a_context(tmp_path: Path) -> None:
    """Both go when the certificate changes, and others take their place."""
    machines = Machines({HERE: Engine("x86_64"), TLS: Engine(store=False)})
    workspace = workspace_of(tmp_path, machines, with_tls(tmp_path))
    with builders.ready_builders(workspace, BOTH):
        before = dict(machines.contexts)
    assert list(before.values()) == [TLS]
    assert list(before) == [f"{name}-engine" for name in machines.builders]

    (tmp_path / "cert.txt").write_text("another cert")
    with builders.ready_builders(workspace, BOTH):
        pass

    assert len(machines.builders) == 1
    assert list(machines.contexts) == [f"{name}-engine" for name in machines.builders]
    assert machines.contexts.keys() != before.keys()
    assert made(workspace) == list(machines.builders)


def without_its_table(root: Path) -> tuple[Machines, Workspace]:
    """Return what is left of a builder once its project names none any more and builds again."""
    machines = Machines({HERE: Engine("x86_64"), FAR: Engine(store=False)})
    workspace = workspace_of(root, machines)
    with builders.ready_builders(workspace, BOTH):
        pass
    workspace = replace(workspace, config=replace(workspace.config, builders={}))

    with builders.ready_builders(workspace, BOTH):
        pass
    return machines, workspace


def test_settings_that_are_no_more_leave_no_builder(tmp_path: Path) -> None:
    """Without a table what it had made is removed by the next build."""
    machines, workspace = without_its_table(tmp_path)

    assert machines.builders == {}
    assert made(workspace) == []


def test_a_builder_that_builds_just_now_is_not_taken_away(tmp_path: Path) -> None:
    """Another build of other settings leaves it to the one after."""
    machines = Machines({HERE: Engine("x86_64"), FAR: Engine(store=False)})
    workspace = workspace_of(tmp_path, machines)
    other = replace(workspace, config=replace(workspace.config, builders={}))

    with builders.ready_builders(workspace, BOTH) as found, builders.ready_builders(other, BOTH):
        assert list(machines.builders) == [found[1].builder]


def test_a_builder_that_does_not_start_is_taken_away(tmp_path: Path) -> None:
    """Nothing half made stays, here or there."""
    machines = Machines({HERE: Engine("x86_64"), TLS: Engine(store=False, starts=False)})
    workspace = workspace_of(tmp_path, machines, with_tls(tmp_path))

    with pytest.raises(CommandFailedError, match="Cannot build linux/arm64 on .*: docker failed"):
        with builders.ready_builders(workspace, BOTH):
            pass

    assert (machines.builders, machines.contexts, made(workspace)) == ({}, {}, [])


@pytest.mark.parametrize("moment", ["context create", "buildx create"])
def test_ctrl_c_leaves_nothing_half_made(tmp_path: Path, moment: str) -> None:
    """Whatever was begun is taken away again."""
    machines = Machines({HERE: Engine("x86_64"), TLS: Engine(store=False)}, interrupted=moment)
    workspace = workspace_of(tmp_path, machines, with_tls(tmp_path))

    with pytest.raises(InterruptedRunError), builders.ready_builders(workspace, BOTH):
        pass

    assert (machines.builders, machines.contexts, made(workspace)) == ({}, {}, [])


def test_a_cluster_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Kubernetes is asked by its builder only; what to look at is its own command."""
    machines = Machines({HERE: Engine("x86_64")})
    workspace = workspace_of(tmp_path, machines, "kubernetes://builds")

    with pytest.raises(CommandFailedError) as caught, builders.ready_builders(workspace, BOTH):
        pass

    assert caught.value.what.startswith("Cannot build linux/arm64 on kubernetes://builds: ")
    assert "kubectl get nodes" in caught.value.next_step
    assert (machines.builders, made(workspace)) == ({}, [])


def test_a_removal_waits_for_nobody(tmp_path: Path) -> None:
    """A builder whose record another process holds stays written down."""
    machines = Machines({HERE: Engine("x86_64")})
    workspace = workspace_of(tmp_path, machines, "")
    record = workspace.config.state / "builders" / "towpath-0123456789ab"
    record.parent.mkdir(parents=True)
    with record.open("a") as stream:
        fcntl.flock(stream, fcntl.LOCK_SH)
        with builders.ready_builders(workspace, BOTH):
            assert made(workspace) == [record.name]
    with builders.ready_builders(workspace, BOTH):
        assert made(workspace) == []


def test_a_build_of_one_platform_keeps_the_builders_of_others(tmp_path: Path) -> None:
    """What it does not ask for is still in the settings, so its builder stays with its cache."""
    machines = Machines({HERE: Engine("x86_64"), TLS: Engine(store=False)})
    workspace = workspace_of(tmp_path, machines, with_tls(tmp_path))
    with builders.ready_builders(workspace, BOTH):
        pass
    kept = dict(machines.builders)

    with builders.ready_builders(workspace, ("linux/amd64",)):
        pass

    assert machines.builders == kept != {}
    assert made(workspace) == list(kept)


def test_a_file_of_another_platform_that_is_missing_takes_no_builder_away(tmp_path: Path) -> None:
    """Without its certificate nobody can tell which builder is its own."""
    machines = Machines({HERE: Engine("x86_64"), TLS: Engine(store=False)})
    workspace = workspace_of(tmp_path, machines, with_tls(tmp_path))
    with builders.ready_builders(workspace, BOTH):
        kept = dict(machines.builders)
    (tmp_path / "cert.txt").unlink()

    with builders.ready_builders(workspace, ("linux/amd64",)) as found:
        assert [place.name for place in found] == ["docker"]

    assert machines.builders == kept != {}


@dataclass
class Losing(Machines):
    """Machines with a neighbour who gives up on the same builder while we wait for its lock."""

    record: Path = Path()

    def _buildx(self, act: str, words: list[str], env: dict[str, str]) -> tuple[int, str]:
        if act == "inspect" and not self.builders:
            self.record.unlink(missing_ok=True)
        return super()._buildx(act, words, env)


def test_a_builder_is_written_down_though_a_neighbour_gave_it_up(tmp_path: Path) -> None:
    """It would be forgotten for ever otherwise."""
    machines = Losing({HERE: Engine("x86_64"), FAR: Engine(store=False)})
    workspace = workspace_of(tmp_path, machines)
    name = workspace.config.builders["linux/arm64"].builder("box")
    machines.record = workspace.config.state / "builders" / name

    with builders.ready_builders(workspace, BOTH):
        assert list(machines.builders) == [name] == made(workspace)


@pytest.mark.parametrize("now", [None, Engine(store=False, silent=True)], ids=["gone", "silent"])
@pytest.mark.parametrize("endpoint", [FAR, TLS])
def test_a_machine_that_is_gone_stops_no_build(
    tmp_path: Path, endpoint: str, now: Engine | None
) -> None:
    """Its builder leaves this machine all the same, and what may still be there is named."""
    machines = Machines({HERE: Engine("x86_64"), endpoint: Engine(store=False)})
    said = with_tls(tmp_path) if endpoint == TLS else endpoint
    workspace = workspace_of(tmp_path, machines, said)
    with builders.ready_builders(workspace, BOTH) as found:
        name = found[1].builder
    del machines.engines[endpoint]
    machines.engines |= {endpoint: now} if now else {}
    workspace = replace(workspace, config=replace(workspace.config, builders={}))

    with builders.ready_builders(workspace, BOTH) as found:
        assert found == (Builder("docker", BOTH),)

    assert (machines.builders, machines.contexts, made(workspace)) == ({}, {}, [])
    assert isinstance(workspace.terminal, QuietTerminal)
    told = " ".join(workspace.terminal.said.split())
    assert f"{endpoint} did not respond. The builder {name} may still exist there." in told


def test_a_removal_that_succeeds_warns_of_nothing(tmp_path: Path) -> None:
    """The machine is named as the settings named it."""
    machines, workspace = without_its_table(tmp_path)

    assert isinstance(workspace.terminal, QuietTerminal)
    assert f"Removing builder on {FAR}: it is no longer configured." in workspace.terminal.said
    assert "may still be there" not in workspace.terminal.said
    assert not any("--node=" in line for line in machines.lines)
