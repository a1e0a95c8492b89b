"""Databases, cache and queue: by the settings, then by libraries and Compose files. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from towpath.adoption.facts import Fact, Tree, line_of
from towpath.adoption.find_libraries import ASIDE, EXTRA
from towpath.adoption.find_settings import Settings

# The last words of an engine's name, or the scheme of a URL, and the database that it needs.
_ENGINES = (
    (re.compile(r"postg(?:res(?:ql)?|is)|psycopg|pgsql|timescale|cockroach"), "postgresql"),
    (re.compile(r"mysql|mariadb"), "mysql"),
    (re.compile(r"sqlite3?|spatialite"), "sqlite"),
    (re.compile(r"oracle"), "oracle"),
    (re.compile(r"mssql|sql_server"), "mssql"),
)
_DATABASE = re.compile(
    r"(?:[\w.]+\.(?:backends?|db|engine)[\w.]*|mssql|psqlextra[\w.]*)|[a-z0-9+]+://.*"
)
_CACHES = (
    (re.compile(r"locmem"), "local memory"),
    (re.compile(r"redis|valkey"), "redis"),
    (re.compile(r"memcache|pylibmc|bmemcached"), "memcached"),
    (re.compile(r"\.db\.DatabaseCache|^dbcache"), "database"),
    (re.compile(r"dummy"), "none"),
    (re.compile(r"filebased"), "files"),
)
_QUEUES = (
    (re.compile(r"^(?:amqps?|pyamqp|librabbitmq)://"), "rabbitmq"),
    (re.compile(r"^(?:rediss?|valkey)://"), "redis"),
    (re.compile(r"^sqs://"), "sqs"),
)
_BY_LIBRARY = (
    ("database", "psycopg", "postgresql"),
    ("database", "psycopg2", "postgresql"),
    ("database", "psycopg2-binary", "postgresql"),
    ("database", "psycopg-binary", "postgresql"),
    ("database", "psycopg-c", "postgresql"),
    ("database", "mysqlclient", "mysql"),
    ("database", "pymysql", "mysql"),
    ("cache", "django-redis", "redis"),
    ("cache", "pymemcache", "memcached"),
    ("cache", "pylibmc", "memcached"),
)
_IMAGE = re.compile(r"^\s*image:\s*[\"']?(\S+?)[\"']?\s*$", re.MULTILINE)
_IMAGES = (
    ("database", re.compile(r"(?:^|/)(?:postgres|postgis|timescaledb|pgvector)"), "postgresql"),
    ("database", re.compile(r"(?:^|/)(?:mysql|mariadb)"), "mysql"),
    ("redis", re.compile(r"(?:^|/)(?:redis|valkey)"), "redis"),
    ("rabbitmq", re.compile(r"(?:^|/)rabbitmq"), "rabbitmq"),
    ("memcached", re.compile(r"(?:^|/)memcached"), "memcached"),
)
# What is used where nothing else is: only without a better one.
_WEAK = ("sqlite", "local memory", "none", "files")


def databases(
    settings: Settings, libraries: Mapping[str, Fact], images: Iterable[Fact]
) -> list[Fact]:
    """Return the databases that the settings can use, the one that production uses first."""
    found = [
        Fact("database", kind, path, line, f"DATABASES has {text[:60]!r}")
        for text, path, line in settings.strings(
            "DATABASES", "DATABASE_URL", "DATABASE_ENGINE", "DB_URL"
        )
        if _DATABASE.fullmatch(text) and (kind := _kind(text, _ENGINES))
    ]
    hints = [
        *_libraries("database", libraries),
        *(row for row in images if row.topic == "database"),
    ]
    return _ordered(found, hints)


def extras(databases: Iterable[Fact], libraries: Mapping[str, Fact]) -> Iterator[Fact]:
    """Yield the extra of the project that has the driver of its database, if only an extra has."""
    kind = next((row.value for row in databases), "")
    drivers = _drivers(kind, libraries)
    if drivers and all(row.why.startswith(EXTRA) for row in drivers):
        row = drivers[0]
        name = row.why.removeprefix(EXTRA)
        yield Fact("image-extra", name, row.file, row.line, f"has {row.topic}")


def _drivers(database: str, libraries: Mapping[str, Fact]) -> list[Fact]:
    """Return the libraries for a kind of database that production may have."""
    names = [name for topic, name, of in _BY_LIBRARY if (topic, of) == ("database", database)]
    known = [libraries[name] for name in names if name in libraries]
    return [row for row in known if row.why != ASIDE]


def caches(settings: Settings, libraries: Mapping[str, Fact]) -> list[Fact]:
    """Return the caches that the settings can use."""
    found = [
        Fact("cache", kind, path, line, f"CACHES has {text[:60]!r}")
        for text, path, line in settings.strings("CACHES", "CACHE_URL")
        if ("." in text or "://" in text) and (kind := _kind(text, _CACHES))
    ]
    hints = _libraries("cache", libraries)
    # Without CACHES a library that no setting names is there for something else.
    return _ordered(found, hints if "CACHES" in settings.values else ())


def queues(
    settings: Settings,
    workers: Iterable[str],
    libraries: Mapping[str, Fact],
    images: Iterable[Fact],
) -> list[Fact]:
    """Return the queues of background work, none for a project without it."""
    chosen = set(workers)
    names = [name for name in settings.values if name.endswith("BROKER_URL")]
    found = [
        Fact("queue", kind, path, line, f"a setting has {text[:60]!r}")
        for text, path, line in settings.strings(*names)
        if (kind := _kind(text, _QUEUES))
    ]
    if found or not chosen:
        return found
    if row := _first(libraries, ("rq", "django-rq")) if "rq" in chosen else None:
        return [Fact("queue", "redis", row.file, row.line, "RQ keeps its queue in Redis")]
    return _only_candidate(images, libraries)


def _first(libraries: Mapping[str, Fact], names: Iterable[str]) -> Fact | None:
    return next((libraries[name] for name in names if name in libraries), None)


def _only_candidate(images: Iterable[Fact], libraries: Mapping[str, Fact]) -> list[Fact]:
    """Return the queue that a Compose file starts or that a library is for."""
    hints = [row for row in images if row.topic in ("rabbitmq", "redis")]
    if not hints and (row := libraries.get("redis")):
        hints = [Fact("redis", "redis", row.file, row.line)]
    why = "nothing else that a queue could be"
    return [Fact("queue", row.value, row.file, row.line, why) for row in hints[:1]]


def kind_of_engine(text: str) -> str:
    """Return the kind of database that a word, an engine of Django or an address names."""
    return _kind(text, _ENGINES)


def _kind(text: str, table: Iterable[tuple[re.Pattern[str], str]]) -> str:
    return next((kind for pattern, kind in table if pattern.search(text)), "")


def _libraries(topic: str, libraries: Mapping[str, Fact]) -> list[Fact]:
    return [
        Fact(topic, kind, row.file, row.line, f"depends on {name}")
        for wanted, name, kind in _BY_LIBRARY
        if wanted == topic and (row := libraries.get(name)) and row.why != ASIDE
    ]


def _ordered(found: list[Fact], hints: Iterable[Fact]) -> list[Fact]:
    """Return the kinds, those that libraries and images speak for first, the weak ones last.

    Where no setting names any kind, the hints are all there is.
    """
    preferred = [row.value for row in hints]
    if not [row for row in found if row.value not in _WEAK]:
        found = [*hints, *found] if not found or preferred else found

    def order(row: Fact) -> tuple[bool, int]:
        known = preferred.index(row.value) if row.value in preferred else len(preferred)
        return row.value in _WEAK, known

    return sorted(found, key=order)


def compose_files(tree: Tree) -> list[str]:
    """Return the Compose files of a project."""
    return [
        path
        for path in tree.paths
        if path.endswith((".yml", ".yaml"))
        and re.match(r"(?:docker-)?compose|production|local", PurePosixPath(path).name)
        and re.search(r"^services:", tree.text(path) or "", re.MULTILINE)
    ]


def compose_images(tree: Tree, files: Iterable[str]) -> Iterator[Fact]:
    """Yield the databases, caches and queues that Compose files start."""
    for path in files:
        text = tree.text(path) or ""
        for match in _IMAGE.finditer(text):
            for topic, pattern, kind in _IMAGES:
                if pattern.search(match[1]):
                    line = line_of(text, match.start(1))
                    yield Fact(topic, kind, path, line, f"image {match[1]}")
