"""`python -m tools.reference` writes docs/reference anew."""

from __future__ import annotations

import shutil
import sys
from functools import cache
from pathlib import Path

from tools.reference.messages import Message, messages
from tools.reference.pages import NOTE, pages
from tools.reference.sessions import read_sessions
from tools.reference.troubleshooting import index, sections

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs/reference"
TROUBLESHOOTING = ROOT / "docs/troubleshooting.md"


def generated() -> dict[str, str]:
    """Return every file of the reference, by its path below docs/reference."""
    files = (ROOT / "towpath/sessions.py", ROOT / "noxfile.py")
    found = pages(read_sessions("\n".join(file.read_text(encoding="utf-8") for file in files)))
    rows = sections(TROUBLESHOOTING.read_text(encoding="utf-8"))
    return found | {"messages.md": f"{NOTE}\n{index(package_messages(), rows)}"}


@cache
def package_messages() -> list[Message]:
    """Return what the errors of the package say; read once, as that takes seconds."""
    files = sorted((ROOT / "towpath").rglob("*.py"))
    return messages({str(file.relative_to(ROOT)): file.read_text("utf-8") for file in files})


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
