"""The contracts of imports name every room and every pure module that there is."""

from __future__ import annotations

import configparser
from pathlib import Path

ROOT = Path(__file__).parents[2]
PURE = ("_commands.py", "_reader.py")


def contract(name: str, key: str) -> list[str]:
    """Return the values of a contract's key, line by line."""
    parser = configparser.RawConfigParser()
    parser.read_string((ROOT / ".importlinter").read_text())
    return parser[f"importlinter:contract:{name}"][key].split("\n")[1:]


def test_every_module_with_a_pure_name_is_held_to_be_pure() -> None:
    """Who adds a builder of commands or a reader adds it there; its name is what tells."""
    files = [file for file in (ROOT / "towpath").rglob("*.py") if file.name.endswith(PURE)]
    named = {".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files}

    assert named <= set(contract("pure", "source_modules"))
    assert "towpath.checks.lint.readers" in contract("pure", "source_modules")


def test_what_judges_is_held_to_be_pure() -> None:
    """By name: rules, plans, gates and judgement."""
    judging = ("gates", "deployment.plan", "evidence.validity", "evidence.statement")
    judging += ("evidence.attempts", "evidence.reused_statement", "deployment.rollback_target")
    judging += ("promotion.availability", "retention.rules", "deployment.migrations.rules")

    assert {f"towpath.{name}" for name in judging} <= set(contract("pure", "source_modules"))


def test_every_package_of_the_project_is_a_root() -> None:
    """One that is not named could import whatever it wants."""
    parser = configparser.RawConfigParser()
    parser.read_string((ROOT / ".importlinter").read_text())
    packages = {file.parent.name for file in ROOT.glob("app/*/__init__.py")}

    assert set(parser["importlinter"]["root_packages"].split()) == {"towpath", *packages}
    assert set(contract("product", "source_modules")) == packages
