"""Find the settings of a project: in pyproject.toml, or in a towpath.toml of their own."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from towpath.config.baseline import LARGEST, read_baseline
from towpath.config.model import Config
from towpath.config.reading import parse
from towpath.core.errors import ConfigurationError
from towpath.core.files import read_bounded

# The settings of a project whose pyproject.toml is missing or cannot be read.
OWN = "towpath.toml"


def load(root: Path, env: Mapping[str, str], hazards: Collection[str] = ()) -> Config:
    """Read `[tool.towpath]` of `pyproject.toml` below `root`, or the file `towpath.toml` there.

    `TOWPATH_NAME`, `TOWPATH_REGISTRY`, `TOWPATH_REPOSITORY`, `TOWPATH_REGISTRIES` (with commas) and
    `TOWPATH_BUILDERS` in `env` replace what the file says, and `TOWPATH_BIND` is the address that
    environments are published on. Raises ConfigurationError for a file that is missing or not valid
    TOML, and for every invalid key or value. `hazards` are the codes of migration hazards that a
    waiver may name.
    """
    if (root / OWN).is_file():
        return _load_own(root, env, hazards)
    path = root / "pyproject.toml"
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"There is no pyproject.toml in {root}.",
            next_step="Run the command in the project's directory.",
        ) from error
    except (ValueError, RecursionError) as error:
        raise ConfigurationError("pyproject.toml is not valid TOML.", why=str(error)) from error
    tools = document.get("tool", {})
    if not isinstance(tools, dict):
        raise ConfigurationError("The key 'tool' in pyproject.toml is not a table.")
    return with_baseline(parse(tools.get("towpath", {}), root, env, hazards=hazards))


def _load_own(root: Path, env: Mapping[str, str], hazards: Collection[str]) -> Config:
    """Read towpath.toml, whose keys are those of `[tool.towpath]`."""
    try:
        table = tomllib.loads((root / OWN).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{OWN} is not valid TOML.", why=str(error)) from error
    if _has_table(root / "pyproject.toml"):
        raise ConfigurationError(
            f"Both {OWN} and pyproject.toml have settings of Towpath.",
            next_step=f"Move the keys of [tool.towpath] to {OWN}, or remove that file.",
        )
    try:
        return with_baseline(parse(table, root, env, hazards=hazards))
    except ConfigurationError as error:
        raise ConfigurationError(
            _in_own_file(error.what),
            why=_in_own_file(error.why),
            next_step=_in_own_file(error.next_step),
        ) from error


def _in_own_file(words: str) -> str:
    """Return the words of an error about pyproject.toml for a project that has its own file."""
    found = words.replace("pyproject.toml", OWN)
    return found.replace("tool.towpath.", "").replace("tool.towpath", OWN)


def with_baseline(config: Config) -> Config:
    """Read the baseline, if the settings name one that is there; raises ConfigurationError."""
    file = config.root / config.baseline_file
    if not config.baseline_file or not file.is_file():
        return config
    raw = read_bounded(file, LARGEST)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{config.baseline_file} is not UTF-8 text.") from error
    return replace(config, baseline=read_baseline(text, config.baseline_file))


def _has_table(file: Path) -> bool:
    try:
        tools = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {})
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(tools, dict) and "towpath" in tools
