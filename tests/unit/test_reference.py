"""docs/reference says what the code does: keys, variables, gates, exit codes, tasks, sessions."""

from __future__ import annotations

import copy
import datetime as dt
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import MISSING
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tools.reference import pages, schema
from tools.reference.__main__ import REFERENCE, generated
from tools.reference.keys import TABLES
from tools.reference.sessions import Session, read_sessions
from tools.reference.table import Key, Table
from tools.reference.variables import SET_BY_COMMANDS, SET_BY_PEOPLE
from towpath import config, gates
from towpath.config import CHECKS
from towpath.core.errors import ConfigurationError
from towpath.deployment.migrations.rules import CODES
from towpath.tasks.namespace import collection

ROOT = Path(__file__).parents[2]
CODE = (
    "towpath",
    "app",
    "compose",
    "docker",
    "Dockerfile",
    "dev",
    "noxfile.py",
    ".ci/run",
    ".github",
)
TODAY = dt.date(2026, 1, 1)
UNKNOWN = {"zzz": 1}
WAIVER = {"id": "LINT", "reason": "x", "expires": dt.date(2999, 1, 1)}
# What else a table needs so that one of its keys can be read at all.
BESIDES: dict[str, dict[str, Any]] = {
    "builders": {"endpoint": "tcp://localhost:2376"},
    "waivers": WAIVER,
}
NEEDED = {
    **dict.fromkeys(("endpoint", "ca", "cert", "key"), {"ca": "a", "cert": "b", "key": "c"}),
    "options": {"endpoint": "kubernetes://builds"},
    "environment": {},
}
MAIL = {"kind": "email", "host": "a", "sender": "b", "recipients": ["c"]}
BOT = {"kind": "slack-bot", "channel": "c"}
# The kind of target that takes a key; all others are of one.
TARGETS: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("host", "port", "user", "sender", "recipients", "password-env"), MAIL),
    **dict.fromkeys(("channel", "token-env"), BOT),
    "secret-env": {"kind": "webhook"},
}
VALIDATOR = jsonschema.Draft7Validator(schema.schema())
# One value of each kind that TOML has, and the odd ones among them.
VALUES = ("word", "", "1", 1, -1, 0, 70000, 1.5, True, [], ["word"], [1], [["word"]])
VALUES += ({}, {"word": "word"}, {"word": 1}, dt.date(2999, 1, 1), dt.date(2001, 1, 1))
# A rule that no schema can have: names among others, addresses, and what expires.
BEYOND = {
    ("towpath", "version"),
    # Names among others, commands and placeholders.
    *(("towpath", name) for name in ("processes", "services", "env", "volumes", "compose")),
    *(("image", name) for name in ("dockerfile", "target", "code", "requirements")),
    ("proxy", "file"),
    *(("environments", name) for name in ("bind", "engine")),
    ("towpath", "repository"),
    ("towpath", "registry"),
    ("towpath", "registries"),
    ("towpath", "platforms"),
    ("dashboard", "environment"),
    ("monitoring", "notify"),
    ("waivers", "id"),
    ("waivers", "expires"),
    *(("builders", name) for name in ("endpoint", "ca", "cert", "key")),
    *(("variables", name) for name in (*CHECKS, "compose")),
}
LATER = {("towpath", "absent"), ("lint", "linters")}
KEYS = [
    pytest.param(table, key, id=f"{table.page}.{key.name}")
    for table in TABLES
    for key in table.keys
]


def texts() -> Iterator[str]:
    """Yield the text of every file of the code."""
    for name in CODE:
        path = ROOT / name
        files = [path] if path.is_file() else path.rglob("*")
        for file in files:
            if file.is_file() and file.suffix in {"", ".py", ".yaml", ".yml", ".cfg"}:
                yield file.read_text(encoding="utf-8")


def taken(table: dict[str, Any]) -> set[str]:
    """Return the keys that a table takes, as the error about an unknown one says."""
    with pytest.raises(ConfigurationError) as caught:
        config.parse(table, ROOT, {}, TODAY)
    return set(caught.value.why.rpartition(" takes ")[2].rstrip(".").split(", "))


def document(table: Table, key: Key, value: Any) -> dict[str, Any]:
    """Return the settings of a project that sets this key, and what has to be beside it."""
    name = table.sample if key.name == "PATTERN" else key.name
    more = NEEDED.get(key.name, {}) if table.page in ("builders", "dashboard") else {}
    inner = {**BESIDES.get(table.page, {}), **more, name: value}
    if table.page == "notify":
        target = TARGETS.get(key.name, {"kind": "slack"})
        inner = {"events": ["failed"], **target, name: value}
    if not table.path:
        return {name: value}
    if table.is_list:
        return {table.page: [inner]}
    if table.path != table.page:
        return {table.page: {table.sample: inner}}
    more: dict[str, Any] = (
        {"environments": {value: {}}}
        if (table.page, key.name) == ("dashboard", "environment")
        else {}
    )
    if (table.page, key.name) == ("monitoring", "notify"):
        more = {"notify": {"team": {"kind": "slack", "events": ["failed"]}}}
    return {table.page: inner, **more}


def is_read(settings: dict[str, Any]) -> bool:
    """Tell whether the code takes these settings."""
    try:
        config.parse(settings, ROOT, {}, TODAY, CODES)
    except ConfigurationError:
        return False
    return True


def fits(settings: dict[str, Any]) -> bool:
    """Tell whether the schema takes these settings; JSON has no dates, taplo makes them texts."""
    plain = copy.deepcopy(settings)
    for row in plain.get("waivers", []):
        if isinstance(row.get("expires"), dt.date):
            row["expires"] = str(row["expires"])
    return bool(VALIDATOR.is_valid(plain))


def test_the_reference_is_what_the_code_generates() -> None:
    """If not: ./dev python -m tools.reference writes it anew."""
    files = {
        str(file.relative_to(REFERENCE)): file.read_text(encoding="utf-8")
        for file in REFERENCE.rglob("*")
        if file.is_file()
    }

    assert files == generated()
    # Invoke has the help of a task only once: that is no difference to us.
    assert files == generated()


def test_every_key_of_the_code_has_a_page() -> None:
    """And no page has a key that the code does not read."""
    rows = {table.page: {key.name for key in table.keys} for table in TABLES}
    branches = rows.pop("branches")
    found = {
        "django": taken({"django": UNKNOWN}),
        "image": taken({"image": UNKNOWN}),
        "proxy": taken({"proxy": UNKNOWN}),
        "dashboard": taken({"dashboard": UNKNOWN}),
        "environments": taken({"environments": {"staging": UNKNOWN}}),
        "builders": taken({"builders": {"linux/arm64": {"endpoint": "ssh://a@b"} | UNKNOWN}}),
        "waivers": taken({"waivers": [WAIVER | UNKNOWN]}),
        "ignored": taken({"ignored": UNKNOWN}),
        "variables": taken({"variables": UNKNOWN}),
        "monitoring": taken({"monitoring": UNKNOWN}),
        "notify": taken({"notify": {"team": {"kind": "slack"} | UNKNOWN}}),
        "gates": {"baseline", *(rule.code for rule in gates.known())},
        **{name: taken({name: UNKNOWN}) for name in ("lint", "tests", "integration")},
    }
    tables = set(found) | {"branches"}

    assert branches == {"PATTERN"}
    assert rows == found | {"towpath": taken(UNKNOWN) - tables}


def test_every_field_is_a_key() -> None:
    """A key without a field would have no default, and one that is no key no page."""
    for table in TABLES:
        if table.kind is not None:
            assert set(table.fields()) == {key.name for key in table.keys}


@pytest.mark.parametrize(("table", "key"), KEYS)
def test_an_example_is_read(table: Table, key: Key) -> None:
    """By the code as by the schema, and it is no default."""
    settings = document(table, key, key.example)

    assert is_read(settings)
    assert fits(settings)
    assert key.example != schema.plain(table.default(key)) or key.name == "platforms"


@pytest.mark.parametrize(("table", "key"), KEYS)
def test_a_type_is_what_the_code_takes(table: Table, key: Key) -> None:
    """The schema refuses what the code refuses, and nothing else, but for rules beyond types."""
    for value in VALUES:
        settings = (
            document(table, key, value)
            if isinstance(value, str) or key.name != "environment"
            else {}
        )
        if fits(settings) == is_read(settings):
            continue
        # Which kinds of files there are is known where the linters are: lint refuses another one.
        assert (table.page, key.name) in (LATER if is_read(settings) else BEYOND), value


@pytest.mark.parametrize(("table", "key"), KEYS)
def test_the_examples_of_a_page_are_toml(table: Table, key: Key) -> None:
    """With the value that they show."""
    text = f"{table.header}\n{pages.toml_line(table, key)}"
    found: Any = tomllib.loads(text)["tool"]["towpath"]

    for part in filter(
        None, (table.page if table.path else "", table.sample if "." in table.path else "")
    ):
        found = found[part]
    row = found[0] if table.is_list else found
    assert list(row.values()) == [key.example]


def test_our_own_settings_fit_the_schema() -> None:
    """Which is itself a schema of draft-07."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found = schema.schema()

    jsonschema.Draft7Validator.check_schema(found)
    jsonschema.Draft7Validator.check_schema(schema.document())
    assert found["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert fits(settings["tool"]["towpath"])
    assert not fits({"nmae": "shop"})
    assert json.loads((REFERENCE / "towpath.schema.json").read_text(encoding="utf-8")) == found


def test_the_schema_of_a_file_judges_our_table_only() -> None:
    """What other tools have set is theirs."""
    judge = jsonschema.Draft7Validator(schema.document())

    assert judge.is_valid({"project": {}, "tool": {"black": {"x": 1}, "towpath": {"name": "shop"}}})
    assert judge.is_valid({})
    assert not judge.is_valid({"tool": {"towpath": {"nmae": "shop"}}})


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"type": "string"}, "string"),
        ({"type": "string", "format": "date"}, "date"),
        ({"type": "integer", "minimum": 1, "maximum": 365}, "integer from 1 to 365"),
        ({"type": "integer", "minimum": 1}, "integer, 1 or more"),
        ({"type": "number", "maximum": 1.5}, "number, 1.5 or less"),
        ({"enum": ["a", "b"]}, '`"a"` or `"b"`'),
        (
            {"type": "array", "items": {"type": "string"}, "minItems": 1},
            "list of strings, not empty",
        ),
        ({"type": "array", "items": {"enum": ["a"]}}, 'list, each `"a"`'),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "table of strings"),
    ],
)
def test_types_are_said_in_words(rule: dict[str, Any], said: str) -> None:
    """As the pages show them."""
    assert schema.words(rule) == said


def test_every_variable_is_in_the_reference() -> None:
    """What the code asks for, and nothing else."""
    asked = {name for text in texts() for name in re.findall(r"\bTOWPATH_[A-Z_]*[A-Z]\b", text)}
    replacing = {key.variable for table in TABLES for key in table.keys if key.variable}

    assert {row.name for row in SET_BY_PEOPLE} | dict(SET_BY_COMMANDS).keys() == asked
    assert replacing < {row.name for row in SET_BY_PEOPLE}


def test_a_variable_replaces_its_key() -> None:
    """Those of the pages, and no other: each is set beside a file that says something else."""
    (top,) = [table for table in TABLES if not table.path]
    for key in top.keys:
        if key.variable:
            value = key.example if isinstance(key.example, str) else ",".join(key.example)
            found = config.parse({}, ROOT, {key.variable: value}, TODAY)
            wanted = key.example if isinstance(key.example, str) else tuple(key.example)
            assert getattr(found, key.name) == wanted


def test_every_gate_task_and_session_is_in_the_reference() -> None:
    """Each in its own page."""
    found = generated()

    assert set(re.findall(r"^\| `([A-Z_]+)` \|", found["gates.md"], re.M)) == {
        rule.code for rule in gates.known()
    }
    assert set(re.findall(r"^## (.+)$", found["tasks.md"], re.M)) == set(collection().task_names)
    assert "| `COVERAGE` | tests | `coverage` is at least 80 % |" in found["gates.md"]
    assert "| `--push`, `--no-push` | yes |" in found["tasks.md"]
    assert "| `--environment=TEXT` | required |" in found["tasks.md"]
    assert "| 6 | " in found["exit-codes.md"]
    codes = re.findall(r"^\| (\d+) \|", found["exit-codes.md"], re.M)
    assert codes == ["0", "1", "2", "3", "4", "5", "6", "7", "8", "130"]


def test_sessions_are_read_from_the_text_of_a_noxfile() -> None:
    """Without running it."""
    text = '''
MORE = ["engine"] if exists else []
nox.options.sessions = ["tests", *MORE]

@nox.session(python=PYTHONS)
def tests(session):
    """Run the tests.

    More.
    """
    install(session, "test")

@nox.session
def engine(session):
    """Test the engine."""

@nox.session(default=False)
def pins(session):
    """Compile."""
    install(session, name)

def helper(session):
    """No session."""
'''

    assert read_sessions(text) == [
        Session("tests", "Run the tests.", each_python=True, by_default=True, pins="test"),
        Session("engine", "Test the engine.", each_python=False, by_default=True, pins=""),
        Session("pins", "Compile.", each_python=False, by_default=False, pins=""),
    ]


def test_a_key_that_has_to_be_set_has_no_default() -> None:
    """And one that has a default shows it."""
    defaults = {
        f"{table.page}.{key.name}": table.default(key) for table in TABLES for key in table.keys
    }

    assert defaults["environments.drain"] == 30
    assert defaults["image.registry-wheels"] == "authenticated"
    assert defaults["towpath.platforms"] == ("linux/amd64", "linux/arm64")
    assert [
        name for name in ("waivers.id", "builders.endpoint") if defaults[name] is not MISSING
    ] == []


def test_the_directory_of_reports_says_what_comes() -> None:
    """Only its own page is in git, and every place that the code writes to is named there."""
    page = (ROOT / "reports/README.md").read_text(encoding="utf-8")
    places = {
        name
        for text in texts()
        for name in re.findall(r"(?:(?:config|self)\.|return )reports / \"([a-z.-]+)\"", text)
    }

    assert {"evidence", "logs", "checks", "pipeline-report.json"} <= places
    assert [name for name in sorted(places) if f"`{name}" not in page] == []
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"reports/*", "!reports/README.md"} <= set(ignored)
