"""What is made for a parameter: honest samples spoilt in small ways, and things that are odd."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from tests.fuzz import samples
from towpath import images
from towpath.clients.registry.wire import Answer
from towpath.readers import oci, requirements
from towpath.readers.findings import Ran

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
scalars = (
    st.sampled_from(ODD_VALUES).map(deepcopy) | st.integers() | st.floats() | st.text(letters, max_size=20)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(letters, max_size=8), inner, max_size=4),
    max_leaves=12,
)
documents = values.map(json.dumps)


@st.composite
def spoilt_json(draw: st.DrawFn, text: str) -> str:
    """Return a JSON document with other values in some places."""
    document = json.loads(text)
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(document))
        if not places:
            return json.dumps(draw(values))
        holder, key = places[draw(st.integers(0, len(places) - 1))]
        if draw(st.integers(0, 4)) == 0:
            del holder[key]
        else:
            holder[key] = draw(values)
    return json.dumps(document)


@st.composite
def spoilt_text(draw: st.DrawFn, text: str) -> str:
    """Return a text with parts of it gone, said twice, or replaced by what is odd."""
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 40)))
        part = draw(
            st.sampled_from(ODD_TEXTS)
            | st.text(letters, max_size=8)
            | st.integers(2, 3000).map(lambda times: text[start:end] * times)
        )
        text = (text[:start] + part + text[end:])[:200_000]
    return text


@st.composite
def spoilt_bytes(draw: st.DrawFn, raw: bytes) -> bytes:
    """Return bytes with some of them changed, gone, or more."""
    found = bytearray(raw)
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, max(0, len(found) - 1)))
        part = draw(st.binary(max_size=12) | st.sampled_from((b"", b"\xff" * 12, b"\0" * 512)))
        found[start : start + draw(st.sampled_from((len(part), 0, 1, 512)))] = part
    return bytes(found)


def texts(module: str) -> st.SearchStrategy[str]:
    """Return the texts for a reader of a module."""
    found = [st.text(letters, max_size=200), documents, st.sampled_from(ODD_TEXTS)]
    for sample in samples.texts(module):
        found += [st.just(sample), spoilt_text(sample), spoilt_text(sample)]
        if sample[:1] in ("{", "["):
            try:
                json.loads(sample)
            except ValueError:
                continue
            found += [spoilt_json(sample)] * 6
    return st.one_of(found)


def raws(module: str) -> st.SearchStrategy[bytes]:
    """Return the bytes for a reader of a module."""
    marks = st.sampled_from((b"", b"", b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"))
    encoded = texts(module).map(lambda text: text.encode("utf-8", "surrogatepass"))
    return st.binary(max_size=200) | st.tuples(marks, encoded).map(b"".join)


def made(kind: str, module: str) -> st.SearchStrategy[Any]:
    """Return what is made of a kind that `tests/fuzz/targets.py` names."""
    text = texts(module)
    kinds: dict[str, Any] = {
        "text": lambda: text,
        "bytes": lambda: raws(module),
        "stream": lambda: _archive("tar").map(io.BytesIO),
        "json": lambda: values | text.map(_loaded),
        "object": lambda: text.map(_loaded).filter(lambda found: isinstance(found, dict)),
        "texts": lambda: _named(text),
        "files": lambda: _named(raws(module)),
        "names": lambda: st.lists(text, max_size=3),
        "pins": lambda: st.just([("a", "1")]) | st.lists(st.tuples(text, text), max_size=3),
        "ran": lambda: _ran(module, text),
        "manifest": lambda: st.builds(oci.Manifest, st.just(oci.INDEX), raws(module)),
        "line": lambda: text.map(lambda found: (requirements.lines(found) or [_LINE])[0]),
        "answer": lambda: st.builds(
            _answer, st.sampled_from((200, 401, 404, 429, 500, 302, 400)), text, raws(module)
        ),
        "tar": lambda: _archive("tar").map(_tar).filter(lambda found: found is not None),
        "zip": lambda: _archive("zip").map(_zip).filter(lambda found: found is not None),
        "nothing": lambda: st.just({}),
        "always": lambda: st.just(lambda name: True),
        "clock": lambda: st.just(lambda: 0.0),
        "platform": lambda: st.sampled_from(sorted(images.PLATFORMS)),
        "architecture": lambda: st.sampled_from(("amd64", "arm64")),
        "python": lambda: st.sampled_from(("3.12", "3.13")),
        "tool": lambda: st.sampled_from(("flake8", "mypy", "pytest", "black")),
        "escape": lambda: st.sampled_from(("\\", "`")),
        "filename": lambda: st.just("a-1-py3-none-any.whl") | text,
        "limit": lambda: st.just(4 << 20),
        "depth": lambda: st.just(32),
    }
    found: st.SearchStrategy[Any] = kinds[kind]()
    return found


_LINE = requirements.Line(1, "a==1")
_NAMES = (
    *("pyproject.toml", "setup.cfg", ".flake8", "pytest.ini", "a.in", "a.txt", "PATH"),
    *("var/lib/dpkg/status", "usr/lib/os-release", "opt/a-1.dist-info/METADATA"),
)


def _named(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    names = st.sampled_from(_NAMES) | st.text(letters, max_size=8)
    return st.dictionaries(names, inner, max_size=3)


def _ran(module: str, text: st.SearchStrategy[str]) -> st.SearchStrategy[Ran]:
    codes = st.sampled_from((0, 1, 2, 64, -9))
    free = st.builds(Ran, codes, text, text, st.integers(0, 9))
    found = [free]
    for ran in samples.rans(module):
        outs = [spoilt_text(ran.stdout), st.just(ran.stdout)]
        if ran.stdout[:1] in ("{", "["):
            outs += [spoilt_json(ran.stdout)] * 6
        found += [
            st.builds(
                Ran, st.just(ran.code), st.one_of(outs), st.just(ran.stderr), st.just(ran.files)
            ),
            st.builds(
                Ran, codes, st.just(ran.stdout), spoilt_text(ran.stderr), st.just(ran.files)
            ),
        ]
    return st.one_of(found)


def _archive(kind: str) -> st.SearchStrategy[bytes]:
    whole = samples.archives(kind)
    if kind == "zip":
        return st.sampled_from(whole).flatmap(spoilt_bytes)
    inner = st.sampled_from(whole).map(_unpacked).flatmap(spoilt_bytes)
    return inner | inner.map(gzip.compress) | st.sampled_from(whole).flatmap(spoilt_bytes)


def _unpacked(raw: bytes) -> bytes:
    return gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw


def _tar(raw: bytes) -> tarfile.TarFile | None:
    try:
        return tarfile.open(fileobj=io.BytesIO(raw), mode="r|*")
    except Exception:  # pylint: disable=broad-except
        return None


def _zip(raw: bytes) -> zipfile.ZipFile | None:
    try:
        return zipfile.ZipFile(io.BytesIO(raw))
    except Exception:  # pylint: disable=broad-except
        return None


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _answer(status: int, header: str, raw: bytes) -> Answer:
    names = ("retry-after", "location", "date", "link")
    body = io.BytesIO(raw)
    headers = {name: header for name in names}
    return Answer("https://a.example/v2/", status, header[:80], headers, body)


def _places(document: Any) -> Any:
    waiting = [document]
    while waiting:
        holder = waiting.pop()
        keys = list(holder) if isinstance(holder, dict) else []
        keys = list(range(len(holder))) if isinstance(holder, list) else keys
        for key in keys:
            yield holder, key
            if isinstance(holder[key], dict | list):
                waiting.append(holder[key])
