"""The pins of the package, and those of a project that replace them."""

from __future__ import annotations

from pathlib import Path

import pytest

from towpath.core import pins


def test_a_projects_own_pins_replace_those_of_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package has them inside; a checkout has them at its root."""
    monkeypatch.setattr(pins, "PACKAGE", tmp_path / "site/towpath")

    assert pins.find(tmp_path, "uv") == tmp_path / "site/requirements/uv.txt"
    inside = tmp_path / "site/towpath/pins/uv.txt"
    inside.parent.mkdir(parents=True)
    inside.touch()
    assert pins.find(tmp_path, "uv") == pins.packaged("uv") == inside
    own = tmp_path / "requirements/uv.txt"
    own.parent.mkdir()
    own.touch()
    assert pins.find(tmp_path, "uv") == own
