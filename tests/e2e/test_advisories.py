"""An advisory on a dependency is really found by safety, stops the check, and can be waived."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.e2e.conftest import LEAN, ROOT, run

DIRECTORY = str(ROOT / "tests/fixtures/advisories")
WAIVER = """
[[tool.towpath.waivers]]
id = "{}"
reason = "the log is not read by a program"
expires = 2099-01-31
"""


def security(target: Path) -> tuple[int, str, dict[str, Any]]:
    """Run the session; return its code, what it said and the facts of its evidence."""
    env = {**LEAN, "TOWPATH_ADVISORIES": DIRECTORY, "CI": ""}
    ended = run(target, sys.executable, "-m", "nox", "-s", "security", env=env)
    statement = json.loads((target / "reports/evidence/security.json").read_text())
    return ended.code, ended.said, statement["predicate"]["facts"]


def test_an_advisory_stops_the_check_until_it_is_waived(checkout: Callable[[], Path]) -> None:
    """The evidence names the directory and the age of its data, and whose waiver it was."""
    target = checkout()
    pins = target / "requirements/production.txt"
    lines = pins.read_text().splitlines()
    (at,) = (number for number, line in enumerate(lines) if line.startswith("django=="))
    lines[at] = "django==5.2.1 \\"
    pins.write_text("\n".join(lines) + "\n")

    code, said, facts = security(target)

    assert (code, facts["advisories_high"]) == (1, 1), said
    assert "CVE-2025-48432 django 5.2.1 (high)" in said
    assert "ADVISORIES_HIGH" in said
    assert facts["foreign"] == [DIRECTORY]
    assert facts["age_days"] >= 0

    with (target / "pyproject.toml").open("a") as file:
        file.write(WAIVER.format("CVE-2025-48432") + WAIVER.format("CVE-2025-99999"))
    code, said, facts = security(target)

    assert (code, facts["advisories_high"]) == (0, 0), said
    assert "waived: the log is not read by a program (until 2099-01-31)" in str(
        facts["advisories_waived"]
    )
    assert "The waiver of CVE-2025-99999 is not needed here" in said
