"""Secrets that the process knows, and the one way to hide them in whatever people or files get.

A value is hidden as it is and in the forms that tools write it in: base64 (also inside a longer
text, as in a Basic header), URL-, JSON-, HTML- and shell-quoted, hexadecimal, and broken over
lines. What decides (readers of output) gets the text as it is; what is shown or kept is redacted.
"""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

HIDDEN = "***"
# Shorter values, and single words such as `postgres`, cannot be distinguished from ordinary
# text: to hide them would make the output unreadable and keep no secret.
SHORTEST = 6
_WORD = re.compile(r"[a-z]{1,12}|[A-Z]{1,12}|[A-Z][a-z]{1,11}|[0-9.]{1,7}")
# A line of a longer secret, such as a private key, is a secret of its own from this length on.
SHORTEST_LINE = 16
# Fewer characters of base64 or of a beginning would fit too much.
SHORTEST_PART = 8
SHORTEST_BEGINNING = 6
# A name is read as words, so that AUTHOR and MONKEY are none of these.
_SECRET_NAME = re.compile(
    r"(?:^|_)(?:\w*TOKEN|\w*SECRETS?|\w*PASSWORD|\w*PASSWD|PASS|PASSPHRASE|CREDENTIALS?|PWD_HASH"
    r"|(?:API|ACCESS|SECRET|PRIVATE|SIGNING|ENCRYPTION|MASTER|SSH|DEPLOY|AUTH|ACCOUNT)_?KEY|KEY"
    r"|APIKEY|AUTH|AUTH_CONFIG|DSN|WEBHOOK|WEBHOOK_URL|JWT|COOKIE|PAT)(?:_[0-9]+|_B64|_BASE64)?$",
    re.IGNORECASE,
)
_PLACES = re.compile(r"_(?:FILE|PATH|DIR|SOCK|HOST|PORT|USER|NAME|ID|EXPIRES|TTL)$", re.IGNORECASE)
# Addresses of webhooks, tokens, keys and passwords: whoever knows one writes to the channel.
_NOTIFY = "TOWPATH_NOTIFY_"
# Source: RFC 3986, section 3.2.1: what is before the @ of an authority.
_USERINFO = re.compile(r"(?<=://)[^\s/?#@'\"]*:[^\s/?#@'\"]+(?=@)")


class Redactor:
    """Values to hide, which only grow in number; any thread may add one."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Hide each of `secrets` from the start."""
        self._lock = threading.Lock()
        self._secrets: set[str] = set()
        self._forms: tuple[str, ...] = ()
        self.hide(*secrets)

    def hide(self, *secrets: str) -> None:
        """Hide these values from now on; what is too short or a plain word is left readable."""
        with self._lock:
            new = {value for raw in secrets for value in _values(raw)} - self._secrets
            if new:
                self._secrets |= new
                forms = {form for value in self._secrets for form in _forms(value)}
                self._forms = tuple(sorted(forms, key=len, reverse=True))

    def hide_environment(self, env: Mapping[str, str]) -> None:
        """Hide the value of each variable whose name says that it is a secret.

        The password in a URL (DATABASE_URL) and those in Docker's DOCKER_AUTH_CONFIG count too.
        """
        self.hide(*(value for name, value in env.items() for value in _of_variable(name, value)))

    def text(self, text: str) -> str:
        """Return the text with each secret replaced by `***`, and without passwords in URLs."""
        flat = re.sub(r"\s*[\r\n]\s*", "", text) if "\n" in text or "\r" in text else ""
        for form in self._forms:
            text = text.replace(form, HIDDEN)
            if flat and form in flat:
                text = _broken(form).sub(HIDDEN, text)
        return _USERINFO.sub(HIDDEN, text) if "@" in text and "://" in text else text

    def document(self, value: Any) -> Any:
        """Return a JSON document with every text in it redacted, keys too.

        A document without any secret is returned as it is, which one look at its text tells.
        """
        text = json.dumps(value, default=str, ensure_ascii=False)
        return value if self.text(text) == text else self._document(value)

    def _document(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self._document(key): self._document(row) for key, row in value.items()}
        if isinstance(value, list | tuple):
            return [self._document(row) for row in value]
        return value

    def content(self, content: bytes) -> bytes:
        """Return a file's content redacted; what is no UTF-8 text is compared byte by byte."""
        try:
            return self.text(content.decode()).encode()
        except UnicodeDecodeError:
            for form in self._forms:
                content = content.replace(form.encode(), HIDDEN.encode())
            return content

    def ends_within(self, text: str) -> bool:
        """Tell whether the end of a text may be the beginning of a secret that goes on."""
        for form in self._forms:
            start = text.find(form[:SHORTEST_BEGINNING], max(0, len(text) - len(form) + 1))
            while start != -1:
                if form.startswith(text[start:]):
                    return True
                start = text.find(form[:SHORTEST_BEGINNING], start + 1)
        return False


class Lines:
    """Redacts lines as they come: one that ends within a secret waits for the next."""

    LONGEST_WAIT = 64  # lines

    def __init__(self, redactor: Redactor) -> None:
        """Redact by what `redactor` hides at the time of each line."""
        self._redactor = redactor
        self._waiting: list[str] = []

    def feed(self, line: str) -> Iterator[str]:
        """Take a line without its end; yield those that are complete by now."""
        self._waiting.append(line)
        joined = "".join(part.strip() for part in self._waiting)
        if len(self._waiting) > self.LONGEST_WAIT or not self._redactor.ends_within(joined):
            yield from self.flush()

    def flush(self) -> Iterator[str]:
        """Yield what still waits."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            yield from self._redactor.text("\n".join(waiting)).split("\n")


# One instance for the process: its secrets are hidden in all of its output.
SECRETS = Redactor()


def is_secret_name(name: str) -> bool:
    """Tell whether a variable's or setting's name says that its value is a secret."""
    if name.startswith(_NOTIFY):
        return True
    return bool(_SECRET_NAME.search(name)) and not _PLACES.search(name)


def _of_variable(name: str, value: str) -> Iterator[str]:
    if is_secret_name(name):
        yield value
    if name == "DOCKER_AUTH_CONFIG":
        yield from _of_auths(value)
    if "://" in value and "@" in value:
        try:
            password = urlsplit(value).password
        except ValueError:
            return
        yield password or ""


def _of_auths(text: str) -> Iterator[str]:
    """Yield every text in Docker's auths that is a secret: what it is called decides."""
    try:
        document = json.loads(text)
        rows = document["auths"].values()
        for row in rows:
            yield from (str(row.get(key) or "") for key in ("auth", "password", "identitytoken"))
            pair = base64.b64decode(row.get("auth") or "").decode()
            yield pair.partition(":")[2]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        # It is no auths: the reader of the settings says so, and nothing in it is used.
        return


def _values(raw: str) -> Iterator[str]:
    value = raw.strip()
    if len(value) < SHORTEST or _WORD.fullmatch(value):
        return
    yield value
    lines = [line.strip() for line in value.splitlines()]
    if len(lines) > 1:
        yield from (
            line for line in lines if len(line) >= SHORTEST_LINE and not line.startswith("-----")
        )


def _forms(value: str) -> Iterator[str]:
    yield value
    content = value.encode()
    yield from (quote(value, safe=""), quote(value), quote_plus(value))
    yield from (quote(value, safe="").lower(), content.hex(), content.hex().upper())
    for escaped in (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]):
        yield from (escaped, json.dumps(escaped)[1:-1])
    yield from (repr(value)[1:-1], html.escape(value), html.escape(value, quote=False))
    yield from (shlex.quote(value).strip("'"), value.replace("\n", "\\n"))
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for before in range(3):
            part = _inside(encode(b"\0" * before + content).decode(), before, len(content))
            if len(part) >= SHORTEST_PART:
                yield part


def _inside(encoded: str, before: int, length: int) -> str:
    """Return the characters of base64 that no byte before or after the value changes.

    `before` bytes go before the `length` bytes of the value. Source: RFC 4648, section 4.
    """
    first = -(-before * 8 // 6)
    return encoded[first : (before + length) * 8 // 6]


def _broken(form: str) -> re.Pattern[str]:
    """Return the pattern of a form that is broken over lines anywhere."""
    return re.compile(r"(?:\s*[\r\n]\s*)?".join(re.escape(letter) for letter in form))
