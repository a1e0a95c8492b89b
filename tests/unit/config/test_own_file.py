"""towpath.toml in place of `[tool.towpath]`, and the version of Towpath that a project asks for."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import towpath
from towpath import config
from towpath.core.errors import ConfigurationError
from towpath.tasks.context import find_root


@pytest.fixture(autouse=True)
def version(monkeypatch: pytest.MonkeyPatch) -> None:
    """A version that no release changes."""
    monkeypatch.setattr(towpath, "__version__", "1.2.3")


@pytest.mark.parametrize("wanted", ["1.2.3", "==1.2.3", ">=1.2,<2", "~=1.2", "==1.*", " 1.2.3 "])
def test_a_version_that_fits_is_accepted(tmp_path: Path, wanted: str) -> None:
    """As a version, or as a specifier of PEP 440."""
    assert config.parse({"version": wanted}, tmp_path, {}).version == wanted


@pytest.mark.parametrize("wanted", ["1.2", "==1.2.4", ">=2"])
def test_another_version_stops_every_command(tmp_path: Path, wanted: str) -> None:
    """Before any other key is read: another version may know more of them."""
    with pytest.raises(ConfigurationError) as caught:
        config.parse({"version": wanted, "of_the_future": 1}, tmp_path, {})

    assert caught.value.what == f"The project asks for Towpath {wanted}, and 1.2.3 is running."


@pytest.mark.parametrize(
    ("value", "words"),
    [("newest", "must be a version such as ==0.1.0"), (1, "must be a string"), ([], "a string")],
)
def test_a_version_that_is_none_is_refused(tmp_path: Path, value: object, words: str) -> None:
    """With the path of the key."""
    with pytest.raises(ConfigurationError, match=words):
        config.parse({"version": value}, tmp_path, {})


def test_settings_may_be_in_a_file_of_their_own(tmp_path: Path) -> None:
    """Also beside a pyproject.toml that is no TOML; the project's directory is found by it."""
    (tmp_path / "towpath.toml").write_text('name = "shop"\n[environments.staging]\nport = 1\n')
    (tmp_path / "inner").mkdir()
    (tmp_path / "pyproject.toml").write_text("[broken")

    found = config.load(tmp_path, {})

    assert (found.name, found.environments["staging"].port) == ("shop", 1)
    (tmp_path / "pyproject.toml").unlink()
    assert find_root(tmp_path / "inner") == tmp_path


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[broken", "towpath.toml is not valid TOML."),
        ("nme = 1", "Unknown key nme in towpath.toml. Did you mean 'name'?"),
        ("[image]\nx = 1", "Unknown key image.x in towpath.toml."),
        ("platforms = 1", "platforms in towpath.toml must be a list of platforms, not 1."),
    ],
)
def test_an_error_names_the_file_of_its_own(tmp_path: Path, text: str, what: str) -> None:
    """Not pyproject.toml, which may not exist."""
    (tmp_path / "towpath.toml").write_text(text)

    with pytest.raises(ConfigurationError) as caught:
        config.load(tmp_path, {})

    assert caught.value.what.startswith(what)


def test_settings_in_both_files_are_refused(tmp_path: Path) -> None:
    """One would be ignored."""
    (tmp_path / "towpath.toml").write_text("")
    (tmp_path / "pyproject.toml").write_text("[tool.towpath]\n")

    with pytest.raises(ConfigurationError, match="Both towpath.toml and pyproject.toml"):
        config.load(tmp_path, {})


def test_the_package_knows_its_version() -> None:
    """What runs from a checkout says the same as what is installed."""
    root = Path(__file__).parents[3]
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]

    assert re.findall(r'__version__ = "(.+)"', (root / "towpath/__init__.py").read_text()) == [
        project["version"]
    ]
