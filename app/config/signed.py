"""Signed JSON in Memcached, so that a value of another client is only a cache miss.

Anyone who can reach the cache can write into it. Nothing there is unpickled, and a value that is
too large, or was not signed with this project's key for its own name, counts as absent.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.cache.backends.memcached import PyMemcacheCache

SIGNATURE = hashlib.sha256().digest_size
LIMIT = 1024 * 1024
"""The bytes of the largest value that is read; Memcached's own limit is the same."""
FLAGS = 0x746F
"""The flags of values in this form; another client of the same cache uses others."""


class SignedJson:
    """A serializer as pymemcache wants it: `serialize` and `deserialize`."""

    def __init__(self, secret: str) -> None:
        # A key of its own, derived from the secret: a signature made here fits nowhere else.
        self._key = hashlib.sha256(b"dashboard cache\0" + secret.encode()).digest()

    def serialize(self, key: bytes | str, value: Any) -> tuple[bytes, int]:
        """Return the signed bytes of a value; raises TypeError where JSON cannot represent it."""
        body = json.dumps(value, allow_nan=False).encode()
        return self._sign(key, body) + body, FLAGS

    def deserialize(self, key: bytes | str, value: bytes, flags: int) -> Any:
        """Return the value, or None for one that was not signed for this key."""
        if flags != FLAGS or not SIGNATURE < len(value) <= LIMIT:
            return None
        signature, body = value[:SIGNATURE], value[SIGNATURE:]
        if not hmac.compare_digest(signature, self._sign(key, body)):
            return None
        return json.loads(body)

    def _sign(self, key: bytes | str, body: bytes) -> bytes:
        name = key if isinstance(key, bytes) else key.encode()
        length = len(name).to_bytes(4, "big")
        return hmac.digest(self._key, length + name + body, "sha256")


class SignedMemcached(PyMemcacheCache):
    """Memcached through SignedJson: a value with another signature is a miss, and so is None."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        options = {**params.get("OPTIONS", {}), "serde": SignedJson(settings.SECRET_KEY)}
        super().__init__(server, {**params, "OPTIONS": options})

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """Return the value of a key, or the default for a missing or wrongly signed value."""
        found = super().get(key, None, version)
        return default if found is None else found

    def get_many(self, keys: Iterable[Any], version: int | None = None) -> dict[Any, Any]:
        """Return the values of the keys, without those that are missing or wrongly signed."""
        found = super().get_many(keys, version)
        return {key: value for key, value in found.items() if value is not None}

    def has_key(self, key: Any, version: int | None = None) -> bool:
        """Tell whether a key has a correctly signed value."""
        return self.get(key, version=version) is not None
