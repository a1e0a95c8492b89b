"""What only this repository's product is called stands in settings, and not in towpath/."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMES = re.compile(
    r"config\.settings|dashboard_app|-U dashboard|username=dashboard|\"dashboard\"|health/ready"
    r"|health/live|celery -A config|app/manage\.py|:8000\b"
)
# What is left, with the reason; a file that needs its row no longer fails too.
LEFT = {
    # The default of a setting, which `init` always writes.
    "towpath/config/model.py",
    # The services of integration tests are this repository's still.
    "towpath/checks/tests/services.py",
    # The release dashboard is a feature of Towpath's.
    "towpath/config/reading.py",
    "towpath/operations/service_probes.py",
}


def test_what_is_left_of_our_own_names_is_listed() -> None:
    """Everything else is a setting of the project."""
    found = {
        file.relative_to(ROOT).as_posix()
        for file in (ROOT / "towpath").rglob("*")
        if file.is_file() and file.suffix not in (".pyc", ".tar")
        if NAMES.search(file.read_text(encoding="utf-8", errors="replace"))
    }

    assert sorted(found - LEFT) == []
    assert sorted(row for row in LEFT - found if (ROOT / row).is_file()) == []
