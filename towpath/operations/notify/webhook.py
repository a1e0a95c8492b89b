"""A webhook of one's own: the message as signed JSON, and its delivery."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import uuid

from towpath.config import Config
from towpath.config.notify import NotifyTarget
from towpath.operations.notify import http_delivery, settings
from towpath.operations.notify.http_delivery import Attempted
from towpath.operations.notify.notice import Notice


def send(config: Config, target: NotifyTarget, message: Notice) -> Attempted:
    """Deliver a message; each try has a time and so a signature of its own, and the same id."""
    url, secret = (settings.secret(config, target, name) for name in ("url", "secret"))
    body, identity = body_of(message), str(uuid.uuid4())

    def headers() -> dict[str, str]:
        timestamp = int(time.time())
        return {
            "X-Towpath-Event": message.event,
            "X-Towpath-Delivery": identity,
            "X-Towpath-Timestamp": str(timestamp),
            "X-Towpath-Signature": signature(secret, timestamp, body),
        }

    return http_delivery.post(url, body, headers)


def body_of(notice: Notice) -> bytes:
    """Return the message as the body of a webhook."""
    return json.dumps({"schema": "1", **notice.as_json()}, sort_keys=True).encode()


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """Return what proves who sent a body and when: HMAC-SHA256 of the time, a dot and the body.

    `timestamp` is in seconds since 1970, UTC; a receiver refuses one that is minutes old.
    """
    signed = str(timestamp).encode() + b"." + body
    return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
