"""Reading the host's APT sources."""

from __future__ import annotations

import pytest

from towpath.engine.apt_sources import mirrors

DEB822 = """Types: deb
# a comment: with a colon
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
"""
LINES = """# deb http://commented.example/debian bookworm main
deb-src http://source.example/debian bookworm main
deb https://other.example/repo stable-thing main
deb [arch=amd64 signed-by=/k.gpg] https://m.example/debian trixie main contrib
deb https://m.example/security trixie-security main
"""


@pytest.mark.parametrize(
    ("text", "archive", "security"),
    [
        (DEB822, "http://mirror.example/debian", "http://mirror.example/debian-security"),
        (LINES, "https://m.example/debian", "https://m.example/security"),
    ],
    ids=["deb822", "one line each"],
)
def test_mirror_of_the_host_serves_the_engine(text: str, archive: str, security: str) -> None:
    """The host's mirror is used for the engine's release, with updates and security."""
    assert mirrors([text]) == [
        f"deb {archive} trixie main",
        f"deb {archive} trixie-updates main",
        f"deb {security} trixie-security main",
    ]


@pytest.mark.parametrize(
    "texts",
    [
        [],
        ["deb https://packages.example/sdk cloud-sdk-bookworm main\n"],
        ["Types: deb\nURIs: https://node.example\nSuites: nodistro\n"],
        ["deb http://mirror.example/debian trixie main\n"],
    ],
    ids=["no sources", "another vendor", "another vendor in deb822", "no security archive"],
)
def test_without_a_whole_mirror_debian_itself_is_asked(texts: list[str]) -> None:
    """Half a mirror would mean no security updates, so then Debian's own is used."""
    assert mirrors(texts) == []
