"""The address of a remote, as it may be shown."""

from __future__ import annotations

import pytest

from towpath.source import remotes


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://example.com/team/app.git", "https://example.com/team/app.git"),
        ("https://user:secret@example.com/team/app.git\n", "https://example.com/team/app.git"),
        ("https://secret@example.com:8443/app", "https://example.com:8443/app"),
        ("https://example.com/app?private_token=secret#secret", "https://example.com/app"),
        ("ssh://git@example.com:2222/app.git", "ssh://example.com:2222/app.git"),
        ("ssh://git@example.com:team/shop.git", "ssh://example.com/team/shop.git"),
        ("git@example.com:team/shop.git", "ssh://example.com/team/shop.git"),
        ("example.com:/srv/shop.git", "ssh://example.com/srv/shop.git"),
        ("ssh://[::1]:22/app", "ssh://[::1]:22/app"),
        ("https://user:sec/ret@example.com/app", ""),
        ("user:secret@example.com:team/app", ""),
        ("https://[::1/app", ""),
        ("https://example.com/a\x1b[31mb", ""),
        ("file:///srv/secret.git", ""),
        ("ext::sh -c secret", ""),
        ("../elsewhere", ""),
        ("/srv/app.git", ""),
        ("C:\\app", ""),
        ("", ""),
    ],
)
def test_only_the_place_of_the_source_is_shown(address: str, shown: str) -> None:
    """No user, no password, no token, and nothing of this machine."""
    assert remotes.shown(address) == shown
