"""What was said of a file holds while nothing changed, and the sum is that of a whole run."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.checks.lint.linters import APART, EVERY, TOGETHER, Desk, asked, linted, run
from towpath import config
from towpath.checks.lint import cache as kept
from towpath.checks.lint import lint
from towpath.checks.lint import linters_commands as linters
from towpath.core.errors import TowpathError
from towpath.source import files as listed


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Return a project that was linted once."""
    return linted(tmp_path)


def test_nothing_changed_asks_nobody_and_says_the_same(desk: Desk) -> None:
    """All findings, counts and facts are those of a fresh run."""
    again = run(desk)
    assert asked(desk) == {}

    assert again == run(desk, "--fresh")
    assert set(asked(desk)) == set(EVERY)
    assert again == run(desk)
    assert asked(desk) == {}
    assert again["facts"]["issues"] == 5
    assert again["facts"]["complexity"] == 3


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("app/a.py", "def f: 12\nflake8 bad\n"),
        ("app/b.py", "def h: 1\n"),
        ("app/none.py", "isort bad\n"),
        ("app/new.py", "def n: 4\nblack bad\nmypy bad\n"),
        ("tests/test_a.py", "bandit bad\nflake8 bad\n"),
    ],
)
def test_one_file_changed_is_the_only_one_that_is_asked_about(
    desk: Desk, name: str, text: str
) -> None:
    """But by mypy, which sees them all together; what comes out is what a fresh run says."""
    desk.write(name, text)

    changed = run(desk)

    whole = ["app/a.py", "app/b.py", *["app/new.py"][: int("new" in name)], "app/none.py"]
    judged = [tool for tool in APART if not name.startswith("tests/") or tool in ("flake8",)]
    assert {tool: asked(desk)[tool] for tool in judged if tool != "radon"} == {
        tool: [name] for tool in judged if tool != "radon"
    }
    assert {tool: asked(desk)[tool] for tool in TOGETHER} == dict.fromkeys(TOGETHER, whole)
    assert changed == run(desk, "--fresh")


def test_a_file_that_is_gone_is_not_told_of(desk: Desk) -> None:
    """Nobody has to be asked for that, but who sees all together."""
    (desk.root / "app/b.py").unlink()

    assert run(desk)["facts"]["issues"] == 0
    assert set(asked(desk)) == TOGETHER
    assert run(desk) == run(desk, "--fresh")


def test_a_linter_without_a_verdict_on_some_is_asked_about_all(desk: Desk) -> None:
    """Radon names no function in an empty file: alone that would be no verdict."""
    desk.write("app/none.py", "# words\n")

    run(desk)

    assert asked(desk)["radon"] == ["app/none.py", "app/a.py", "app/b.py", "app/none.py"]
    assert run(desk) == run(desk, "--fresh")


@pytest.mark.parametrize("tool", [*APART, *TOGETHER])
def test_a_crash_is_not_kept(desk: Desk, tool: str) -> None:
    """Not of the file that made it, nor of any other that was with it."""
    desk.write("app/a.py", f"def f: 3\n{tool} crash\n")

    assert run(desk)["facts"].get(tool) is None
    assert f"{tool} produced no usable result" in run(desk)["reason"]
    assert "app/a.py" in asked(desk)[tool]


@pytest.mark.parametrize(
    "change",
    [
        lambda desk, patch: patch.setattr("platform.python_version", lambda: "3.99"),
        lambda desk, patch: patch.setattr("towpath.checks.lint.linter.version", lambda *_: "99"),
        lambda desk, patch: patch.setattr(kept, "installed", lambda _: "others"),
        lambda desk, patch: patch.setattr(
            linters,
            "LINTERS",
            tuple(
                dataclasses.replace(tool, options=(*tool.options, "--more"))
                for tool in linters.LINTERS
            ),
        ),
        lambda desk, patch: desk.write("top/__init__.py", ""),
    ],
    ids=["interpreter", "version", "environment", "options", "our own modules"],
)
def test_anything_else_that_decides_asks_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, change: Callable[[Desk, Any], None]
) -> None:
    """Every linter, about every file."""
    change(desk, monkeypatch)

    run(desk)

    assert set(asked(desk)) == set(EVERY)
    assert all("app/a.py" in asked(desk)[tool] for tool in (*APART, *TOGETHER))


def test_what_went_back_to_an_earlier_state_is_known(desk: Desk) -> None:
    """As when somebody goes from branch to branch."""
    before = (desk.root / "app/a.py").read_text()
    desk.write("app/a.py", "def f: 7\n")
    run(desk)
    desk.write("app/a.py", before)

    run(desk)

    assert asked(desk) == {}


@pytest.mark.parametrize("text", ["", "{", "[]", "00\n{}", "half"])
def test_a_spoilt_store_is_an_empty_one(desk: Desk, text: str) -> None:
    """The linter runs again, and the store is whole after that."""
    store = desk.root / "reports/cache/lint/flake8.json"
    store.write_text(text if text != "half" else store.read_text()[:-9])

    run(desk)
    assert len(asked(desk)["flake8"]) == 4
    run(desk)
    assert "flake8" not in asked(desk)


def test_one_changed_letter_spoils_a_store(desk: Desk) -> None:
    """A finding that somebody takes out by hand comes back."""
    store = desk.root / "reports/cache/lint/flake8.json"
    assert "E999" in store.read_text()
    store.write_text(store.read_text().replace("E999", "E998"))

    assert "app/b.py:1: E999 bad" in " ".join(run(desk)["told"])


def test_a_store_does_not_grow_without_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds the states that count now, and some times as many others."""
    monkeypatch.setattr(kept, "STATES", 2)
    for number in range(8):
        desk.write("app/a.py", f"def f: {number}\n")
        run(desk)

    _, body = (desk.root / "reports/cache/lint/flake8.json").read_text().split("\n", 1)
    assert len(json.loads(body)) == kept.STATES * 4


def test_a_file_that_changed_while_it_was_judged_is_not_kept(desk: Desk) -> None:
    """What the linter saw may have been either."""
    desk.write("app/a.py", "def f: 5\n")
    workspace = desk.workspace()
    answer = workspace.runner.answers["ls-tree"]  # type: ignore[attr-defined]
    seen = iter(["def f: 5\n", "flake8 bad\n", "flake8 bad\n"])

    def moving(argv: tuple[str, ...]) -> Any:
        desk.write("app/a.py", next(seen))
        return answer(argv)

    workspace.runner.answers["ls-tree"] = moving  # type: ignore[attr-defined]
    with pytest.raises(TowpathError):
        lint.lint(workspace)

    desk.write("app/a.py", "def f: 5\n")
    run(desk)
    assert asked(desk)["flake8"] == ["app/a.py"]


def test_settings_ask_those_again_who_read_them(desk: Desk) -> None:
    """Flake8 has a file of its own; bandit knows nothing of it."""
    desk.write(".flake8", "[flake8]\n")

    run(desk)

    assert "app/a.py" in asked(desk)["flake8"]
    assert "bandit" not in asked(desk) and "black" not in asked(desk)


def test_the_environment_decides_only_for_those_who_see_all_together(tmp_path: Path) -> None:
    """And only by what reaches a linter: language, time zone, and what the project passes on."""
    desk = Desk(tmp_path)
    desk.write("app/a.py", "")
    files = listed.listed(desk.workspace())

    def key(name: str, **env: str) -> dict[str, str]:
        (tool,) = [tool for tool in linters.LINTERS if tool.name == name]
        table = {"variables": {"lint": ["SHOP_*"]}}
        return kept.keys(config.parse(table, tmp_path, env), files, tool, "1", ["app/a.py"])

    assert key("mypy", SHOP_URL="x") != key("mypy")
    assert key("mypy", TZ="UTC") != key("mypy")
    assert key("mypy", MYPYPATH="x", PWD="x", GITHUB_RUN_ID="1") == key("mypy")
    assert key("flake8", SHOP_URL="x") == key("flake8")


def test_a_linter_of_our_own_depends_on_all_of_our_code(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any other on that which starts it and reads what it says."""
    files = listed.listed(desk.workspace())
    flake8 = next(tool for tool in linters.LINTERS if tool.name == "flake8")
    ours = dataclasses.replace(flake8, module="towpath")
    settings = config.parse({}, desk.root, {})

    def changed_by(name: str) -> list[bool]:
        package = desk.root / "package"
        (package / "checks/lint/readers").mkdir(parents=True, exist_ok=True)
        monkeypatch.setattr("towpath.__path__", [str(package)])
        keys = []
        for text in ("a = 1", "a = 2"):
            (package / name).write_text(text)
            kept.our_code.cache_clear()
            keys.append(
                [kept.keys(settings, files, tool, "1", ["app/a.py"]) for tool in (flake8, ours)]
            )
        kept.our_code.cache_clear()
        return [before != after for before, after in zip(*keys, strict=True)]

    assert changed_by("site.py") == [False, True]
    assert changed_by("checks/lint/readers/flake8.py") == [True, True]
