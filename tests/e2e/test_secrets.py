"""Secrets planted in a checkout are really found, committed or only lying there."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.e2e.conftest import LEAN, ROOT, commit, run

# In two parts, so that this file is none of its own findings.
KEY = "AKIA" + "Z7Q3J5KXW2MB4NDC"
ADVISORIES = {"TOWPATH_ADVISORIES": str(ROOT / "tests/fixtures/advisories")}


def security(target: Path) -> tuple[int, str, dict[str, Any]]:
    """Run the session; return its code, what it said and the facts of its evidence."""
    ended = run(
        target, sys.executable, "-m", "nox", "-s", "security", env={**LEAN, **ADVISORIES, "CI": ""}
    )
    statement = json.loads((target / "reports/evidence/security.json").read_text())
    return ended.code, ended.said, statement["predicate"]["facts"]


def test_planted_secrets_are_found(checkout: Callable[[], Path]) -> None:
    """Each on its line, though git does not track the one yet; what git ignores is left out."""
    target = checkout()
    code, said, facts = security(target)
    assert (code, facts["secrets"]) == (0, 0), said

    commit(target, {"app/releases/planted.py": f'"""Planted."""\n\nKEY = "{KEY}"\n'})
    (target / "lying-there.env").write_text(f"AWS_ACCESS_KEY_ID={KEY}\n")
    (target / "reports" / "ignored.env").write_text(f"AWS_ACCESS_KEY_ID={KEY}\n")
    code, said, facts = security(target)

    assert (code, facts["secrets"]) == (1, 2), said
    assert "app/releases/planted.py:3: SECRET AWS Access Key" in said
    assert "lying-there.env:1: SECRET AWS Access Key" in said
    assert KEY not in said
