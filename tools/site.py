"""The pages of the documentation site, gathered from the files of the repository.

`python -m tools.site collect` copies docs/ and the pages at the top of the repository into
build/docs/pages, with their links moved along. `python -m tools.site check` looks for anything in
the built site that a browser would fetch from another server.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[1]
PAGES, SITE = ROOT / "build/docs/pages", ROOT / "build/docs/site"
# The pages at the top of the repository, and what each is called in the site.
TOP = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "architecture.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security-policy.md",
}
_FENCE = re.compile(r"(^```.*?^```$)", re.M | re.S)
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
_ELSEWHERE = re.compile(r"[a-z]+:|#")
# What a browser fetches by itself: no link that somebody follows.
_FETCHED = re.compile(
    r"<(?:script|img|iframe|source)\b[^>]*?\bsrc=[\"']?(?:https?:)?//[^\s\"'>]+"
    r"|<link\b(?=[^>]*\brel=[\"']?(?:stylesheet|preload|preconnect|icon))[^>]*"
    r"\bhref=[\"']?(?:https?:)?//[^\s\"'>]+"
)


def names(root: Path) -> dict[str, str]:
    """Return every file of the site: its path in the repository, and its path in the site."""
    docs = (file for file in sorted((root / "docs").rglob("*")) if file.is_file())
    found = {str(file.relative_to(root)): str(file.relative_to(root / "docs")) for file in docs}
    return found | {source: name for source, name in TOP.items() if (root / source).is_file()}


def moved(text: str, source: str, files: dict[str, str], root: Path) -> str:
    """Return a page with its links as they are in the site.

    A link to a file that is no page becomes plain text. Raises ValueError for a link to nothing.
    """

    def replaced(match: re.Match[str]) -> str:
        mark, label, target = match.groups()
        if _ELSEWHERE.match(target):
            return match[0]
        path, sign, anchor = target.partition("#")
        wanted = os.path.normpath(PurePosixPath(source).parent / path)
        if wanted in files:
            here = PurePosixPath(files[source]).parent
            return f"{mark}[{label}]({os.path.relpath(files[wanted], here)}{sign}{anchor})"
        if not (root / wanted).exists():
            raise ValueError(f"{source} links to {target}, which does not exist.")
        return label

    parts = _FENCE.split(text)
    return "".join(
        part if number % 2 else _LINK.sub(replaced, part) for number, part in enumerate(parts)
    )


def collect(root: Path, pages: Path) -> int:
    """Write the pages of the site and return how many; raises ValueError for a broken link."""
    files = names(root)
    shutil.rmtree(pages, ignore_errors=True)
    for source, name in files.items():
        target = pages / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.endswith(".md"):
            text = (root / source).read_text(encoding="utf-8")
            target.write_text(moved(text, source, files, root), encoding="utf-8")
        else:
            shutil.copyfile(root / source, target)
    return len(files)


def fetched(site: Path) -> Iterator[str]:
    """Yield what the pages of a built site would fetch from another server."""
    for file in sorted(site.rglob("*.html")):
        for found in _FETCHED.finditer(file.read_text(encoding="utf-8")):
            yield f"{file.relative_to(site)}: {found[0]}"


def main(argv: list[str]) -> int:
    """Collect the pages, or check the site; return 1 for what is wrong."""
    if argv == ["check"]:
        wrong = list(fetched(SITE))
        print("\n".join(wrong) or "Nothing in the site is fetched from another server.")
        return 1 if wrong else 0
    try:
        print(f"{collect(ROOT, PAGES)} files in {PAGES.relative_to(ROOT)}")
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
