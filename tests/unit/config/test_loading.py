"""pyproject.toml is read from the root, whatever is in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from towpath import config
from towpath.core.errors import ConfigurationError


def test_pyproject_is_read_from_the_root(tmp_path: Path) -> None:
    """Only its own table; a project without it has the defaults."""
    (tmp_path / "pyproject.toml").write_text('[tool.towpath]\nname = "shop"\n')
    assert config.load(tmp_path, {}).name == "shop"

    (tmp_path / "pyproject.toml").write_text("[project]\n")
    assert config.load(tmp_path, {}).name == "app"


@pytest.mark.parametrize("content", [None, b"[tool", b"\xff\xfe"])
def test_a_pyproject_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes | None) -> None:
    """Missing, no TOML, no text."""
    if content is not None:
        (tmp_path / "pyproject.toml").write_bytes(content)

    with pytest.raises(ConfigurationError) as caught:
        config.load(tmp_path, {})

    assert "pyproject.toml" in caught.value.what
