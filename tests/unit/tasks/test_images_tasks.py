"""Build, scan, promote and look, as people type them: what is printed, and the exit codes."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.fakes import TableRunner
from tests.registry_server import Store, push_image
from tests.releases import SOURCE, labels, record_all, workspace_at
from tests.unit.images.baking import STORE, builder, git, pushing
from tests.unit.tasks.test_surface import invoke
from towpath.config.workspace import Workspace
from towpath.core import pins
from towpath.core.terminal import Terminal
from towpath.evidence import record as stages
from towpath.promotion.availability import NEEDED
from towpath.tasks import evidence, images, registry

pytestmark = pytest.mark.door

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def workspace(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Return the session that every task gets: a project, a registry, and no engine."""
    runner = TableRunner(
        {
            "docker info": STORE,
            "buildx bake": builder(pushing(store)),
            "docker login": "",
            "docker tag": "",
            "docker push": "",
            "docker image ls": "",
            **git(),
        }
    )
    (tmp_path / "Dockerfile").write_text(
        "FROM scratch AS production\nFROM scratch AS development\n"
    )
    made = workspace_at(tmp_path, store, runner, TOWPATH_STATE=str(tmp_path / "state"))
    for module in (images, registry, evidence):
        monkeypatch.setattr(
            module, "workspace", lambda **_: Workspace(made.config, runner, Terminal({}))
        )
    monkeypatch.setattr(images, "with_engine", lambda found: found)
    return made


def test_build_prints_the_reference_by_digest(
    workspace: Workspace, store: Store, capsys: Capture
) -> None:
    """Standard output is the image; the statement is on disk."""
    code, out, err = invoke(capsys, "build", "--platforms=amd64,arm64")

    assert code == 0
    assert out.strip() == f"{store.repository}@{store.tags['built']}"
    assert "linux/arm64" in err
    assert stages.require(workspace.config, "build").facts["commit"] == SOURCE.commit


def test_build_all_prints_a_reference_for_each_target(
    workspace: Workspace, store: Store, capsys: Capture
) -> None:
    """One line for each that the Dockerfile has; a stage that it lacks is no target."""
    code, out, _ = invoke(capsys, "build", "--target=all", "--platforms=amd64,arm64")

    assert code == 0
    assert out.split() == [
        f"{store.repository}@{store.tags[name]}" for name in ("built", "development")
    ]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--platforms=amd63",), "Did you mean 'linux/amd64'"),
        (("--target=tesing",), "Did you mean 'testing'"),
        (("--target=testing",), "next: Add a stage named testing"),
        (("--tag=a/b",), "is not a valid tag"),
        (("--tag=release",), "is reserved for the pipeline"),
        (("--target=all", "--no-push"), "--no-push builds one image"),
        (("--progress=fancy",), "Unknown value for --progress"),
    ],
)
def test_bad_flags_end_before_anything_moves(
    workspace: Workspace, store: Store, capsys: Capture, flags: tuple[str, ...], words: str
) -> None:
    """Exit code 2, the nearest right word, no command and no tag."""
    code, _, err = invoke(capsys, "build", *flags)

    assert code == 2
    assert words in err
    assert store.tags == {}
    assert isinstance(workspace.runner, TableRunner) and workspace.runner.calls == []


def test_build_without_a_push_says_the_engines_name(
    workspace: Workspace, store: Store, capsys: Capture
) -> None:
    """Nothing is pushed, and no statement is written."""
    code, out, _ = invoke(capsys, "build", "--no-push", "--platforms=amd64")

    assert (code, out.strip()) == (0, "towpath/dashboard:production")
    assert store.tags == {}
    assert stages.read_statement(workspace.config, "build") is None


def test_an_unknown_platform_is_a_wrong_flag(workspace: Workspace, capsys: Capture) -> None:
    """Exit code 2, with what there is."""
    code, _, err = invoke(capsys, "build", "--platforms=amd65")

    assert code == 2
    assert "Did you mean 'linux/amd64'" in err


def test_a_scan_that_asked_nobody_is_no_verdict(
    workspace: Workspace, store: Store, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 3 where the layers cannot be read."""
    monkeypatch.setattr(pins, "PACKAGE", workspace.config.root / "nowhere")
    push_image(store.client(), labels(), tag="built")

    code, _, err = invoke(capsys, "scan")

    assert code == 3
    assert "scan could not be evaluated: IMAGE_CRITICAL, IMAGE_HIGH" in err


def test_a_promotion_prints_the_digest_that_moved(
    workspace: Workspace, store: Store, capsys: Capture
) -> None:
    """The digest is the one that was built."""
    digest = push_image(store.client(), labels(), tag="built").digest
    record_all(workspace, digest, *NEEDED["test"])

    code, out, err = invoke(capsys, "promote-test")

    assert (code, out.strip()) == (0, f"{store.repository}@{digest}")
    assert f"{SOURCE.version} now has the tag test." in err


def test_refusals_are_exit_code_7(workspace: Workspace, store: Store, capsys: Capture) -> None:
    """Nothing built, an unknown digest, and a release outside CI are refused alike."""
    assert invoke(capsys, "promote-test")[0] == 7
    assert invoke(capsys, "promote-test", f"--digest=sha256:{'0' * 64}")[0] == 7

    digest = push_image(store.client(), labels(), tag="built").digest
    record_all(workspace, digest, *NEEDED["release"])
    assert invoke(capsys, "promote-test")[0] == 0

    code, _, err = invoke(capsys, "promote-release")
    assert code == 7
    assert "a release can only be made in CI" in err


def test_half_a_digest_is_a_wrong_flag(workspace: Workspace, capsys: Capture) -> None:
    """A digest of the wrong length is exit code 2, and nothing is asked."""
    assert invoke(capsys, "promote-test", "--digest=sha256:12")[0] == 2


def test_the_evidence_is_shown_and_judged(
    workspace: Workspace, store: Store, capsys: Capture
) -> None:
    """`verify` moves nothing and answers as the promotion would; `show` lists the statements."""
    digest = push_image(store.client(), labels(), tag="built").digest
    record_all(workspace, digest, *NEEDED["test"])
    assert invoke(capsys, "evidence.verify")[0] == 7
    invoke(capsys, "promote-test")

    assert "can be promoted to test" in invoke(capsys, "evidence.verify")[2]
    assert "promote-test" in invoke(capsys, "evidence.show", "--image=test")[1]
    assert invoke(capsys, "evidence.verify", "--stage=tset")[0] == 2
    assert f"test {store.repository}@{digest}" in invoke(capsys, "registry.inspect")[1].replace(
        "\n", " "
    )


def test_the_registry_is_left_alone_where_it_answers(workspace: Workspace, capsys: Capture) -> None:
    """Nothing is started beside what is there."""
    code, _, err = invoke(capsys, "registry.start")

    assert code == 0
    assert "is already running" in err


def test_a_password_comes_from_standard_input(
    workspace: Workspace, store: Store, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty one is a wrong call; a real one is on no command line."""
    monkeypatch.setattr(registry, "with_engine", lambda found: found)
    monkeypatch.setattr("sys.stdin", io.StringIO(" \n"))
    assert invoke(capsys, "registry.login", "--user=me")[0] == 2

    monkeypatch.setattr("sys.stdin", io.StringIO("pass word\n"))
    code, _, err = invoke(capsys, "registry.login", "--user=me")
    assert code == 0
    assert "pass word" not in err
    assert isinstance(workspace.runner, TableRunner)
    assert workspace.runner.stdins[-1] == "pass word"


def test_a_push_prints_what_is_there_now(
    workspace: Workspace, store: Store, capsys: Capture
) -> None:
    """The digest under the tag is read back from the registry."""
    digest = push_image(store.client(), labels(), tag="local").digest

    code, out, _ = invoke(capsys, "registry.push")

    assert (code, out.strip()) == (0, f"{store.repository}@{digest}")


def test_prune_shows_first(workspace: Workspace, store: Store, capsys: Capture) -> None:
    """Only with --yes it deletes, and --keep says how many stay in any case."""
    push_image(store.client(), labels(), tag="1.0.0")

    code, out, err = invoke(capsys, "registry.prune", "--keep=0")

    assert (code, "1.0.0" in store.tags) == (0, True)
    assert "delete" in out
    assert "Add --yes to delete" in err

    assert invoke(capsys, "registry.prune", "--keep=0", "--yes")[0] == 0
    assert store.manifests == {}
    assert invoke(capsys, "registry.prune", "--keep=-1")[0] == 2
