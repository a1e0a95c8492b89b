"""What a project passes on to its tools, and accepts of sources: read, or refused with its path."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.config.test_config import WAIVER, parsed, refused


def test_variables_are_read_by_check() -> None:
    """Names, and how names begin; the Compose files have a list of their own."""
    table = {"tests": ["SHOP_URL"], "integration": ["SHOP_*", "TZ"], "compose": ["SHOP_HOST"]}

    assert parsed({"variables": table}).variables == {
        "tests": ("SHOP_URL",),
        "integration": ("SHOP_*", "TZ"),
        "compose": ("SHOP_HOST",),
    }


@pytest.mark.parametrize(
    ("table", "what"),
    [
        (
            {"variables": {"tests": ["PYTEST_ADDOPTS"]}},
            "tool.towpath.variables.tests in pyproject.toml passes on PYTEST_ADDOPTS, which"
            " configures a tool.",
        ),
        (
            {"variables": {"tests": ["*_URL"]}},
            "tool.towpath.variables.tests in pyproject.toml must be a list of names such as",
        ),
        (
            {"variables": {"deploy": ["SHOP_URL"]}},
            "Unknown key tool.towpath.variables.deploy in pyproject.toml.",
        ),
        (
            {"waivers": [{**WAIVER, "id": "SOURCE:"}]},
            "A waiver has the id 'SOURCE:', which is not a gate, an"
            " advisory or a migration hazard.",
        ),
    ],
)
def test_what_cannot_be_passed_on_is_named_with_its_path(table: dict[str, Any], what: str) -> None:
    """A tool is set up by files of the project, and a waiver accepts one source by its address."""
    assert refused(table).what.startswith(what)
