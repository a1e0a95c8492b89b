"""`python -m tools.reference` writes docs/reference anew."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tools.reference.pages import pages
from tools.reference.sessions import read_sessions

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs/reference"


def generated() -> dict[str, str]:
    """Return every file of the reference, by its path below docs/reference."""
    files = (ROOT / "towpath/sessions.py", ROOT / "noxfile.py")
    return pages(read_sessions("\n".join(file.read_text(encoding="utf-8") for file in files)))


def main() -> int:
    """Write every page, and remove those that nothing generates any more."""
    found = generated()
    shutil.rmtree(REFERENCE, ignore_errors=True)
    for path, text in found.items():
        file = REFERENCE / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    print(f"{len(found)} files in docs/reference")
    return 0


if __name__ == "__main__":
    sys.exit(main())
