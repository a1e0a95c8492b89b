"""How a signature of Debian's archive is checked. Pure: argv lists only."""

from __future__ import annotations

Argv = list[str]

# Debian's own keys, from its package debian-archive-keyring.
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def verifiers(keyring: str, signed: str, output: str) -> list[Argv]:
    """Return the ways to verify a signed text, best first; each writes what was signed."""
    return [
        ["gpgv", f"--keyring={keyring}", "--output", output, signed],
        ["sqv", f"--keyring={keyring}", f"--output={output}", "--cleartext", signed],
    ]
