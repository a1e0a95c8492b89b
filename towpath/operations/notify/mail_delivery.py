"""Hands an e-mail in by SMTP: over STARTTLS, and without it on this machine only."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage

from towpath.config.notify import NotifyTarget
from towpath.core.backoff import attempts
from towpath.core.redaction import SECRETS
from towpath.core.references import is_loopback
from towpath.operations.notify import http_delivery
from towpath.operations.notify.http_delivery import Attempted
from towpath.operations.notify.notice import clean

TIMEOUT = 5.0  # seconds for each answer of the server
NO_TLS = "the server offers no STARTTLS"


class _RefusedError(Exception):
    """The server is not one that may get our message."""


def send(target: NotifyTarget, password: str, message: EmailMessage) -> Attempted:
    """Hand a message in; a connection that fails and a 4xx are tried again, a 5xx is not."""
    number, problem = 0, ""
    for number in attempts(http_delivery.BACKOFF):
        problem, again = _try(target, password, message)
        if not again:
            break
    return Attempted(number, problem=clean(SECRETS.text(problem), http_delivery.SHOWN))


def _try(target: NotifyTarget, password: str, message: EmailMessage) -> tuple[str, bool]:
    """Return what went wrong, empty for nothing, and whether another try may help."""
    try:
        _hand_in(target, password, message)
    except (_RefusedError, ssl.SSLError) as error:
        return str(error), False
    except smtplib.SMTPRecipientsRefused as error:
        return _answered(*next(iter(error.recipients.values())))
    except smtplib.SMTPResponseException as error:
        return _answered(error.smtp_code, error.smtp_error)
    except TimeoutError:
        return f"no answer within {TIMEOUT:g} s", False
    except (OSError, smtplib.SMTPException) as error:
        return type(error).__name__, True
    return "", False


def _answered(code: int, said: bytes | str) -> tuple[str, bool]:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    return f"answered {code}: {text}", 400 <= code < 500


def _hand_in(target: NotifyTarget, password: str, message: EmailMessage) -> None:
    with smtplib.SMTP(target.host, target.port, timeout=TIMEOUT) as server:
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
        elif not is_loopback(target.host):
            raise _RefusedError(NO_TLS)
        if target.user:
            server.login(target.user, password)
        server.send_message(message, target.sender, list(target.recipients))
