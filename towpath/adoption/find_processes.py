"""What runs beside the web server: workers, schedulers, and how processes are started. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from towpath.adoption.facts import Fact, Tree, line_of
from towpath.adoption.find_libraries import ASIDE
from towpath.adoption.find_settings import Settings

# A kind of worker, the libraries that are it, and the app that has it in INSTALLED_APPS.
_WORKERS = (
    ("celery", ("celery", "django-celery"), ()),
    ("rq", ("django-rq", "rq"), ("django_rq",)),
    ("huey", ("huey",), ("huey.contrib.djhuey",)),
    ("django-q", ("django-q2", "django-q"), ("django_q",)),
    ("dramatiq", ("django-dramatiq", "dramatiq"), ("django_dramatiq",)),
    ("procrastinate", ("procrastinate",), ("procrastinate.contrib.django",)),
    ("django-tasks", ("django-tasks",), ("django_tasks",)),
    ("channels", ("channels",), ("channels",)),
)
_CELERY_FILES = ("celery.py", "celery_app.py", "celeryapp.py")
_BEAT = re.compile(r"celery\b.*\bbeat\b|rqscheduler|\brun_huey\b.*periodic|\bcelerybeat\b")
_BEAT_SETTINGS = ("CELERY_BEAT_SCHEDULE", "CELERYBEAT_SCHEDULE", "CELERY_BEAT_SCHEDULER")
_CELERY_APP = re.compile(r"^\s*\w+\s*(?::\s*\w+\s*)?=\s*(?:celery\.)?Celery\(", re.MULTILINE)
_BEAT_CODE = re.compile(r"\bbeat_schedule\b")
_PROCESS = re.compile(r"^([A-Za-z0-9_-]+):\s*(\S.*)$", re.MULTILINE)
# Commands of people who develop: they serve with Django itself, or watch files.
_DEVELOPING = re.compile(r"\brunserver\b|\brunserver_plus\b|^(?:make|npm|npx|yarn|pnpm|just)\s")
# In a file of uWSGI: the value of a variable, such as the port that a platform gives.
_OUTSIDE = re.compile(r"\$\([A-Z_]+\)")
_SERVER = re.compile(r"\b(gunicorn|uvicorn|granian|daphne|uwsgi|hypercorn|waitress-serve)\b")
ASGI_SERVERS = frozenset(("uvicorn", "daphne", "hypercorn"))
SERVERS = ("gunicorn", "granian", "uvicorn", "daphne", "uwsgi", "pyuwsgi", "hypercorn", "waitress")


def workers(tree: Tree, settings: Settings, libraries: Mapping[str, Fact]) -> Iterator[Fact]:
    """Yield the kinds of background workers that the project's own code uses."""
    lists = ("INSTALLED_APPS", "THIRD_PARTY_APPS", "DJANGO_APPS")
    apps = {text: (path, line) for text, path, line in settings.strings(*lists)}
    for kind, names, modules in _WORKERS:
        for app in [row for row in modules if row in apps][:1]:
            yield Fact("worker", kind, *apps[app], f"{app} in INSTALLED_APPS")
        if kind == "celery" and libraries.keys() & set(names):
            yield from _celery(tree)


def _celery(tree: Tree) -> Iterator[Fact]:
    for path in tree.paths:
        if PurePosixPath(path).name in (*_CELERY_FILES, "tasks.py"):
            text = tree.text(path) or ""
            if match := _CELERY_APP.search(text):
                line = line_of(text, match.end())
                yield Fact("worker", "celery", path, line, "makes a Celery application")
                return


def schedulers(tree: Tree, settings: Settings, started: Iterable[Fact]) -> Iterator[Fact]:
    """Yield what starts work by the clock; of these exactly one process may run."""
    for name in _BEAT_SETTINGS:
        if name in settings.values:
            yield Fact("scheduler", "celery beat", *settings.where(name), f"sets {name}")
    for row in started:
        if _BEAT.search(row.value):
            yield Fact("scheduler", "celery beat", row.file, row.line, "a process runs it")
    for path in tree.paths:
        if PurePosixPath(path).name in _CELERY_FILES:
            text = tree.text(path) or ""
            if match := _BEAT_CODE.search(text):
                line = line_of(text, match.start())
                yield Fact("scheduler", "celery beat", path, line, "sets beat_schedule")


def processes(tree: Tree) -> Iterator[Fact]:
    """Yield the processes of the Procfile at the root, as `name: command`.

    A Procfile whose web process is for people who develop has none of production. A web process
    whose own file of settings wants variables of another machine is none of ours.
    """
    path = "Procfile"
    text = tree.text(path) or ""
    rows = list(_PROCESS.finditer(text))
    if any(row[1] == "web" and _DEVELOPING.search(row[2]) for row in rows):
        return
    for row in rows:
        if row[1] != "web" or not _is_of_another_machine(tree, row[2]):
            line = line_of(text, row.start())
            yield Fact("process", f"{row[1]}: {row[2]}", path, line, "Procfile")


def _is_of_another_machine(tree: Tree, command: str) -> bool:
    return any(_OUTSIDE.search(tree.text(ini) or "") for ini in _inis(command))


def _inis(command: str) -> Iterator[str]:
    """Yield the files of settings that a command of uWSGI names, as the tree calls them."""
    for word in command.split():
        if word.endswith(".ini"):
            yield PurePosixPath(word.partition("=")[2] or word).as_posix()


def server(
    tree: Tree,
    started: Iterable[Fact],
    dockerfiles: Iterable[str],
    libraries: Mapping[str, Fact],
    *,
    has_asgi: bool,
) -> Iterator[Fact]:
    """Yield the web server: of the Procfile, of a Dockerfile, else by the libraries of production.

    Without an ASGI application no server counts that speaks nothing else.
    """
    yield from _commands(tree, started, dockerfiles)
    for name in SERVERS:
        row = libraries.get(name)
        if row and row.why != ASIDE and (has_asgi or name not in ASGI_SERVERS):
            yield Fact("server", name.removeprefix("py"), row.file, row.line, f"depends on {name}")


def is_installed(server: str, libraries: Mapping[str, Fact]) -> bool:
    """Tell whether a server comes with the dependencies of production."""
    names = (server, f"py{server}", server.removesuffix("-serve"))
    return any(name in libraries and libraries[name].why != ASIDE for name in names)


def _commands(tree: Tree, started: Iterable[Fact], dockerfiles: Iterable[str]) -> Iterator[Fact]:
    for row in started:
        if row.value.startswith("web:") and (match := _SERVER.search(row.value)):
            yield Fact("server", match[1], row.file, row.line, "the Procfile's web process")
    for path in dockerfiles:
        text = tree.text(path) or ""
        for match in re.finditer(r"^\s*(?:CMD|ENTRYPOINT)\b(.*(?:\\\n.*)*)", text, re.MULTILINE):
            if found := _SERVER.search(match[1]):
                yield Fact(
                    "server", found[1], path, line_of(text, match.start()), "the image's command"
                )


def dockerfiles(tree: Tree) -> list[str]:
    """Return the Dockerfiles, the one that production is likely built from first."""
    found = [
        path
        for path in tree.paths
        if re.match(r"(?:.*\.)?Dockerfile(?:\..*)?$", PurePosixPath(path).name)
        and re.search(r"^\s*FROM\s", tree.text(path) or "", re.MULTILINE)
    ]
    aside = re.compile(r"dev|local|test|docs|postgres|traefik|nginx|node|aws|example|ci\b")
    return sorted(found, key=lambda path: (bool(aside.search(path.lower())), path.count("/"), path))
