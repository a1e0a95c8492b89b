"""Which Debian mirror the host uses, read from the text of its APT sources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from towpath.engine.recipes import SUITE

RELEASES = {"bookworm", "trixie", "stable", "oldstable"}


def mirrors(texts: Iterable[str]) -> list[str]:
    """Return the lines for mmdebstrap: the host's mirrors, for the engine's release.

    Both notations are read, `deb URI SUITE ...` and the fields of deb822. Where no archive of
    Debian is named the list is empty, which means Debian's own mirror.
    """
    archive, security = "", ""
    for uri, suites in _entries(texts):
        if not archive and suites & RELEASES:
            archive = uri
        if not security and suites & {f"{release}-security" for release in RELEASES}:
            security = uri
    if not archive or not security:
        return []
    return [
        f"deb {archive} {SUITE} main",
        f"deb {archive} {SUITE}-updates main",
        f"deb {security} {SUITE}-security main",
    ]


def _entries(texts: Iterable[str]) -> Iterator[tuple[str, set[str]]]:
    for text in texts:
        for paragraph in text.split("\n\n"):
            yield from _one_line_entries(paragraph)
            fields = _fields(paragraph)
            uris = fields.get("uris", "").split()
            if uris and "deb" in fields.get("types", "").split():
                yield uris[0], set(fields.get("suites", "").split())


def _one_line_entries(paragraph: str) -> Iterator[tuple[str, set[str]]]:
    for line in paragraph.splitlines():
        words = line.split("]")[-1].removeprefix("deb ").split()
        if line.startswith("deb ") and len(words) >= 3:
            yield words[0], {words[1]}


def _fields(paragraph: str) -> dict[str, str]:
    lines = [line for line in paragraph.splitlines() if not line.startswith(("#", " ", "deb "))]
    pairs = [line.split(":", 1) for line in lines if ":" in line]
    return {name.lower(): value for name, value in pairs}
