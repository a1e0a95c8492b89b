"""docs/settings.md names every variable and every key, and none that is not there."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from towpath import config
from towpath.config import CHECKS
from towpath.core.errors import ConfigurationError

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/settings.md"
CODE = ("towpath", "app", "compose", "Dockerfile", "dev", "noxfile.py", ".ci/run", ".github")
# What stands for a name of the project's own in the page.
ANY = {"environments": "NAME", "builders": "PLATFORM", "notify": "NAME"}
UNKNOWN = {"zzz": 1}
WAIVER = {"id": "LINT", "reason": "x", "expires": dt.date(2999, 1, 1)}


def texts() -> Iterator[str]:
    """Yield the text of every file of the code."""
    for name in CODE:
        place = ROOT / name
        files = [place] if place.is_file() else place.rglob("*")
        for file in files:
            if file.is_file() and file.suffix in {"", ".py", ".yaml", ".yml", ".cfg"}:
                yield file.read_text(encoding="utf-8")


def keys(table: dict[str, Any]) -> list[str]:
    """Return the keys that a table takes, as the error about an unknown one says."""
    with pytest.raises(ConfigurationError) as caught:
        config.parse(table, ROOT, {}, dt.date(2026, 1, 1))
    return caught.value.why.rpartition(" takes ")[2].rstrip(".").split(", ")


def in_the_page(section: str) -> set[str]:
    """Return the names in the first column of the tables of a section."""
    text = PAGE.read_text(encoding="utf-8").split(f"\n## {section}")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`.+?`) \|", text, re.M)
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def test_every_variable_is_in_the_page() -> None:
    """What the code asks for, and nothing else."""
    asked = {name for text in texts() for name in re.findall(r"\bTOWPATH_[A-Z_]*[A-Z]\b", text)}

    assert in_the_page("Variables that people") | in_the_page("Variables that commands") == asked


def test_every_key_is_in_the_page() -> None:
    """With those of the tables below it."""
    below = {
        "django": keys({"django": UNKNOWN}),
        "image": keys({"image": UNKNOWN}),
        "dashboard": keys({"dashboard": UNKNOWN}),
        "environments": keys({"environments": {"staging": UNKNOWN}}),
        "builders": keys({"builders": {"linux/arm64": {"endpoint": "ssh://a@b"} | UNKNOWN}}),
        "waivers": keys({"waivers": [WAIVER | UNKNOWN]}),
        "notify": keys({"notify": {"team": {"kind": "slack"} | UNKNOWN}}),
        "ignored": list(CHECKS),
    }
    paths = {
        ".".join(filter(None, (key, ANY.get(key, ""), name)))
        for key in keys(UNKNOWN)
        for name in below.get(key, [""])
    }

    assert in_the_page("`[tool.towpath]`") == paths


def test_the_directory_of_reports_says_what_comes() -> None:
    """Only its own page is in git, and every place that the code writes to is named there."""
    page = (ROOT / "reports/README.md").read_text(encoding="utf-8")
    places = {
        name
        for text in texts()
        for name in re.findall(r"(?:config|self)\.reports / \"([a-z.-]+)\"", text)
    }

    assert {"evidence", "logs", "checks", "pipeline-report.json"} <= places
    assert [name for name in sorted(places) if f"`{name}" not in page] == []
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"reports/*", "!reports/README.md"} <= set(ignored)
