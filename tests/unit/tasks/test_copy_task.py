"""A copy as a process of its own: what it does, what it refuses, and what it does not import."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes import QuietTerminal
from tests.registry_server import NAME, Store, push_artifact, push_image, serving
from tests.releases import labels
from towpath.core.runner import Runner
from towpath.registry.oci_reader import Manifest
from towpath.tasks import copy

pytestmark = pytest.mark.door

ROOT = Path(__file__).resolve().parents[3]
# Each costs a copy as much as several of its requests: what is behind them is not needed here.
HEAVY = {
    "asyncio",
    "concurrent.futures",
    "dataclasses",
    "docker",
    "email",
    "http.client",
    "inspect",
    "invoke",
    "jsonschema",
    "logging",
    "pathlib",
    "requests",
    "rich",
    "ssl",
    "subprocess",
    "tempfile",
    "towpath.config",
    "towpath.core.terminal",
    "urllib3",
    "yaml",
}
# What the standard library's HTTP client brings, and its pool of threads.
HTTP, THREADS = {"email", "http.client", "ssl"}, {"concurrent.futures", "logging"}
INVOKES_OWN = {
    *("asyncio", "concurrent.futures", "dataclasses", "email", "inspect", "invoke", "logging"),
    *("pathlib", "ssl", "subprocess", "tempfile", "yaml"),
}
# Rooms that hold acts: no task is one before it is called.
ACTS = tuple(
    f"towpath.{room}"
    for room in ("checks", "deployment", "environments", "evidence", "images", "pipeline")
    + ("promotion", "registry", "retention", "scanning", "source")
)
COPYING = """
from towpath.tasks import copy
print(copy.main(sys.argv[1:], os.environ))
"""


@pytest.fixture
def second() -> Iterator[Store]:
    """Another registry."""
    with serving() as found:
        yield found


@pytest.fixture
def image(store: Store) -> Manifest:
    """An image in the first registry, with an artifact."""
    return push_artifact(store.client(), push_image(store.client(), labels(), tag="built"))


def test_a_copy_needs_no_project(
    store: Store, second: Store, image: Manifest, capsys: pytest.CaptureFixture[str]
) -> None:
    """One more name here, or the image elsewhere; nothing is said when it worked."""
    one = f"{store.host}/{NAME}@{image.digest}"

    assert copy.main([one, f"{store.host}/{NAME}:more"], {}) == 0
    assert copy.main([one, f"{second.host}/{NAME}:there"], {}) == 0

    assert store.tags["more"] == second.tags["there"] == image.digest
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        ([], 2, "Two references"),
        (["--help", "x"], 2, "Two references"),
        (["localhost:1/a:b", "localhost:1/a@sha256:12"], 2, "not a digest"),
        (["localhost:1/a:b", f"localhost:1/a@sha256:{'0' * 64}"], 2, "names no tag"),
        (["a:b", "localhost:1/a:c"], 2, "no whole reference"),
        (["me:secret@localhost:1/a:b", "localhost:1/a:c"], 2, "not a digest"),
        (["http://localhost:1/a:b", "localhost:1/a:c"], 2, "not a reg"),
    ],
)
def test_a_wrong_reference_is_refused(
    argv: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What, why and the exit code of a configuration."""
    assert copy.main(argv, {}) == code
    said = capsys.readouterr().err
    assert words in said
    assert "secret" not in said


def test_one_more_name_imports_little(store: Store, image: Manifest) -> None:
    """The start of Python is most of such a copy, and nothing heavy is added to it."""
    found = _imported(f"{store.host}/{NAME}:built", f"{store.host}/{NAME}:more")

    assert HEAVY & found == HTTP
    assert store.tags["more"] == image.digest


def test_a_copy_to_another_registry_imports_little(
    store: Store, second: Store, image: Manifest
) -> None:
    """Nor where content has to move: no project and no terminal is behind it."""
    found = _imported(f"{store.host}/{NAME}:built", f"{second.host}/{NAME}:there")

    assert HEAVY & found == HTTP | THREADS
    assert second.tags["there"] == image.digest


def test_the_names_of_all_tasks_import_no_flow() -> None:
    """`invoke --list`, and the start of every task, cost what Invoke costs and little more."""
    found = set(_said("from towpath.tasks.namespace import collection; collection()"))

    assert {"invoke", "towpath.tasks.pipeline"} <= found
    assert not (HEAVY - INVOKES_OWN) & found
    assert not {name for name in found if name.startswith(ACTS)}


def _imported(origin: str, goal: str) -> set[str]:
    """Copy in a process of its own, and return the modules that it had in the end."""
    code, *modules = _said(COPYING, origin, goal)
    assert code == "0"
    return set(modules)


def _said(program: str, *argv: str) -> list[str]:
    """Run a program, and return what it printed and then the modules that it has."""
    # Nothing of this test run's own settings: a coverage run would add its modules.
    runner = Runner(QuietTerminal(), env={"PATH": os.defpath}, cwd=ROOT)
    whole = f"import os, sys\n{program}\nprint(*sorted(sys.modules))"
    return runner.run([sys.executable, "-c", whole, *argv]).stdout.split()
