"""What is made for a parameter: honest samples spoilt in small ways, and things that are odd.

Hypothesis makes values and texts of any shape; where they go into a sample, a number decides, so
that thousands of inputs are made in a second and each can be made again.
"""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz import samples
from towpath.core import references as images
from towpath.core.findings import ToolResult
from towpath.registry import oci_reader as oci
from towpath.registry.client.wire import Response
from towpath.source import requirements_reader as requirements

DEEP = 20_000
ODD_TEXTS = (
    *("", " ", "\0", "\ufeff", "\ud800", "a\0b", "\u2028", "\x1b[31m", "../..", "%s{0}"),
    *("[" * DEEP, '{"a":' * DEEP, "[" * 40 + "]" * 40, "<a>" * DEEP, "9" * 5000, "-" * 5000),
    *('{"a": 1, "a": 2}', "1e999", "-Infinity", "NaN", "[1e999]", '"\\ud800"', "null", "[]", "{}"),
    *("a" * 50_000, " " * 50_000, "\n" * 50_000, "\\" * 20_000, '"' * 20_000, "$" * 20_000),
    *("${a:-" * 5_000, "=" * 50_000, "a=" * 20_000, ", " * 20_000, "(" * 5_000, "a.b-" * 10_000),
    "<!DOCTYPE a [" + "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 9}">' for n in range(1, 12)) + "]>",
    "²", "١٢", "1_000", "0x10", "1" * 4301,
)  # fmt: skip
ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1 << 63, 10**400, 1.5, float("inf"), float("nan"), "", "\0"),
    *("\ud800", "a" * 20_000, [], {}, [[]], [None], {"": None}, [{}], "1", "²", 1e308),
)
letters = st.characters(codec=None)
scalars = st.integers() | st.floats() | st.text(letters, max_size=20)
values = st.recursive(
    st.sampled_from(ODD_VALUES).map(deepcopy) | scalars,
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(letters, max_size=8), inner, max_size=4),
    max_leaves=12,
)


class Pool:
    """Values and texts of any shape, made once for many inputs."""

    def __init__(self, number: int, size: int = 200) -> None:
        """Make so many of each; the same number makes the same."""
        self.values = _some(values, number, size)
        self.texts = [*_some(st.text(letters, max_size=200), number, size), *ODD_TEXTS]


def _some(strategy: st.SearchStrategy[Any], number: int, size: int) -> list[Any]:
    found: list[Any] = []

    def keep(value: Any) -> None:
        found.append(value)

    quiet = settings(
        database=None,
        deadline=None,
        max_examples=size,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    seed(number)(quiet(given(strategy)(keep)))()
    return found


class Inputs:
    """Inputs of the readers of one module; a number makes each."""

    def __init__(self, module: str, pool: Pool, number: int) -> None:
        self.pool = pool
        self.random = Random(number)
        self.module = module

    def made(self, kind: str) -> Any:
        """Return something of a kind that `tests/fuzz/targets.py` names."""
        return _KINDS[kind](self)

    def value(self) -> Any:
        """Return what JSON may hold."""
        return deepcopy(self.random.choice(self.pool.values))

    def any(self) -> Any:
        """Return what JSON may hold, mostly near to a sample."""
        return self.value() if self.random.random() < 0.2 else _loaded(self.text())

    def object(self) -> dict[str, Any]:
        """Return an object of JSON."""
        found = self.any()
        return found if isinstance(found, dict) else {"a": found}

    def text(self) -> str:
        """Return a text: a sample that was spoilt, or anything."""
        draw = self.random.random()
        if draw < 0.1:
            found: str = self.random.choice(self.pool.texts)
            return found
        if draw < 0.15:
            return json.dumps(self.value())
        return self.spoilt(self.random.choice(samples.texts(self.module)))

    def spoilt(self, sample: str) -> str:
        """Return a sample with a few things in it that should not be there."""
        document = _parsed(sample)
        if document is not None and self.random.random() < 0.8:
            return self.spoilt_json(document)
        for _ in range(self.random.randint(0, 3)):
            start = self.random.randint(0, len(sample))
            end = min(len(sample), start + self.random.choice((0, 1, 5, 40)))
            part = self.random.choice((sample[start:end] * 3, "", "\n", self._odd()))
            sample = (sample[:start] + part + sample[end:])[:200_000]
        return sample

    def spoilt_json(self, text: str) -> str:
        """Return a document with other values in some places, or without some."""
        document = json.loads(text)
        for _ in range(self.random.randint(1, 3)):
            places = list(_places(document))
            if not places:
                break
            holder, key = self.random.choice(places)
            if self.random.random() < 0.2:
                del holder[key]
            else:
                holder[key] = self.value()
        return json.dumps(document)

    def raw(self) -> bytes:
        """Return bytes: a text, in one of its encodings."""
        mark = self.random.choice((b"", b"", b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"))
        return mark + self.damaged(self.text().encode("utf-8", "surrogatepass"), 0.1)

    def damaged(self, raw: bytes, share: float) -> bytes:
        """Return bytes of which some are changed, gone, or more."""
        if self.random.random() > share:
            return raw
        found = bytearray(raw)
        for _ in range(self.random.randint(1, 4)):
            start = self.random.randint(0, max(0, len(found) - 1))
            part = self.random.choice(
                (self.random.randbytes(self.random.randint(1, 12)), b"", b"\xff" * 12, b"\0" * 512)
            )
            found[start : start + self.random.choice((len(part), len(part), 0, 1, 512))] = part
        return bytes(found)

    def ran(self) -> ToolResult:
        """Return how a tool ended."""
        rans = samples.rans(self.module)
        if not rans or self.random.random() < 0.2:
            return ToolResult(self.code(), self.text(), self.text(), self.random.randint(0, 9))
        ran = self.random.choice(rans)
        if self.random.random() < 0.8:
            return ToolResult(ran.code, self.spoilt(ran.stdout), ran.stderr, ran.files)
        return ToolResult(self.code(), ran.stdout, self.spoilt(ran.stderr), ran.files)

    def code(self) -> int:
        """Return an exit code."""
        return self.random.choice((0, 1, 2, 64, -9))

    def named(self, make: Callable[[], Any]) -> dict[str, Any]:
        """Return what files of these names hold."""
        return {self.random.choice(_NAMES): make() for _ in range(self.random.randint(0, 3))}

    def pins(self) -> list[tuple[str, str]]:
        """Return names with versions."""
        return self.random.choice(([("a", "1")], [], [(self._odd(), self._odd())]))

    def archive(self, kind: str) -> bytes:
        """Return an archive, mostly a damaged one."""
        raw = self.random.choice(samples.archives(kind))
        if kind == "tar" and self.random.random() < 0.7:
            raw = self.damaged(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw, 0.9)
            return gzip.compress(raw, 1) if self.random.random() < 0.3 else raw
        return self.damaged(raw, 0.9)

    def answer(self) -> Response:
        """Return what a registry answered."""
        status = self.random.choice((200, 302, 400, 401, 404, 429, 500))
        headers = {name: self.text() for name in ("retry-after", "location", "date", "link")}
        body = io.BytesIO(self.raw())
        return Response("https://a.example/v2/", status, self._odd()[:80], headers, body)

    def line(self) -> requirements.Line:
        """Return a line of a requirements file."""
        return self.random.choice(requirements.lines(self.text()) or [requirements.Line(1, "a")])

    def _odd(self) -> str:
        found: str = self.random.choice(self.pool.texts)
        return found


_NAMES = (
    *("pyproject.toml", "setup.cfg", ".flake8", "pytest.ini", "a.in", "a.txt", "PATH"),
    *("var/lib/dpkg/status", "usr/lib/os-release", "opt/a-1.dist-info/METADATA"),
)
_KINDS: dict[str, Callable[[Inputs], Any]] = {
    "text": Inputs.text,
    "bytes": Inputs.raw,
    "stream": lambda it: io.BytesIO(it.archive("tar")),
    "json": Inputs.any,
    "object": Inputs.object,
    "texts": lambda it: it.named(it.text),
    "files": lambda it: it.named(it.raw),
    "names": lambda it: [it.text()],
    "pins": Inputs.pins,
    "ran": Inputs.ran,
    "manifest": lambda it: oci.Manifest(oci.INDEX, it.raw()),
    "line": Inputs.line,
    "answer": Inputs.answer,
    "tar": lambda it: _opened(
        lambda: tarfile.open(fileobj=io.BytesIO(it.archive("tar")), mode="r|*")
    ),
    "zip": lambda it: _opened(lambda: zipfile.ZipFile(io.BytesIO(it.archive("zip")))),
    "nothing": lambda it: {},
    "always": lambda it: _always,
    "clock": lambda it: float,
    "moment": lambda it: dt.datetime(2026, 11, 24, tzinfo=dt.UTC),
    "platform": lambda it: it.random.choice(sorted(images.PLATFORMS)),
    "architecture": lambda it: it.random.choice(("amd64", "arm64")),
    "python": lambda it: it.random.choice(("3.12", "3.13")),
    "tool": lambda it: it.random.choice(("flake8", "mypy", "pytest", "black")),
    "escape": lambda it: it.random.choice(("\\", "`")),
    "filename": lambda it: it.random.choice(("a-1-py3-none-any.whl", it.text())),
    "limit": lambda it: 4 << 20,
    "depth": lambda it: 32,
}


def _always(_name: str) -> bool:
    return True


def _opened(act: Callable[[], Any]) -> Any:
    """Return an archive that could be opened: the first of many."""
    while True:
        try:
            return act()
        except Exception:  # pylint: disable=broad-except
            continue


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


@cache
def _parsed(text: str) -> str | None:
    """Return a text again where it is JSON."""
    return text if isinstance(_loaded(text), dict | list) else None


def _places(document: Any) -> Iterator[tuple[Any, Any]]:
    waiting = [document]
    while waiting:
        holder = waiting.pop()
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        for key in keys:
            yield holder, key
            if isinstance(holder[key], dict | list):
                waiting.append(holder[key])
