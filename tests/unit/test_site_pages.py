"""The pages of the documentation site are the documents that there are."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
# `tools.site` makes these of files above docs/.
FROM_ABOVE = {"index.md", "architecture.md", "contributing.md", "security-policy.md"}
FROM_ABOVE |= {"changelog.md"}


def test_every_document_has_its_place_in_the_navigation() -> None:
    """And every place has its document."""
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    named = set(re.findall(r"^\s+- (?:.+: )?(\S+\.md)$", text, re.M))
    there = {str(file.relative_to(ROOT / "docs")) for file in (ROOT / "docs").rglob("*.md")}

    assert there - named == set()
    assert named - there <= FROM_ABOVE
