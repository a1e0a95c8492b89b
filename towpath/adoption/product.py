"""What `init` writes of a product: its processes, services, variables, volumes and image. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any

from towpath.adoption.facts import ANSWERED, SECRET, SECRET_KEY, Detection
from towpath.adoption.find_processes import ASGI_SERVERS
from towpath.adoption.find_versions import allowed_minors
from towpath.config.processes import PORT

# The Pythons of images, the newest that most libraries have wheels for first.
PYTHONS = ("3.13", "3.12", "3.11", "3.14", "3.10")
_SERVICES = {
    "postgresql": "postgres:17",
    "mysql": "mariadb:11.8",
    "redis": "redis:8.0",
    "memcached": "memcached:1.6",
    "rabbitmq": "rabbitmq:4.0",
}
_LISTEN = f"0.0.0.0:{PORT}"
# How each server is started for `module:application`, by what it speaks.
_SERVERS = {
    "gunicorn": "gunicorn {app} --bind=" + _LISTEN + " --workers=2 --threads=4 --access-logfile=-",
    "uvicorn": f"uvicorn {{app}} --host=0.0.0.0 --port={PORT}",
    "granian": f"granian --interface={{kind}} --host=0.0.0.0 --port={PORT} {{app}}",
    "daphne": f"daphne --bind=0.0.0.0 --port={PORT} {{app}}",
    "hypercorn": "hypercorn --bind=" + _LISTEN + " {app}",
    "waitress": "waitress-serve --listen=" + _LISTEN + " {app}",
    "waitress-serve": "waitress-serve --listen=" + _LISTEN + " {app}",
    "uwsgi": "uwsgi --http-socket="
    + _LISTEN
    + " --module={app} --master --processes=2 --die-on-term",
}
_NODE = {
    "npm": "npm ci && npm run build",
    "yarn": "yarn install --frozen-lockfile && yarn build",
    "pnpm": "corepack enable && pnpm install --frozen-lockfile && pnpm run build",
    "bun": "bun install --frozen-lockfile && bun run build",
}
_WORKERS = {
    "rq": "python manage.py rqworker default",
    "huey": "python manage.py run_huey",
    "django-q": "python manage.py qcluster",
    "dramatiq": "python manage.py rundramatiq",
    "procrastinate": "python manage.py procrastinate worker",
    "django-tasks": "python manage.py db_worker",
}
# Parts of the names of variables, and the placeholder that each is for.
_DATABASE = re.compile(
    r"(?:^|_)(?:DB|DATABASE|POSTGRES|POSTGRESQL|PG|MYSQL|SQL)_?"
    r"(URL|HOST|HOSTNAME|PORT|NAME|DB|DATABASE|USER|USERNAME|PASSWORD|PASS|PASSWD)$"
)
_ATTRIBUTES = {
    **{"URL": "url", "HOST": "host", "HOSTNAME": "host", "PORT": "port"},
    **{"NAME": "name", "DB": "name", "DATABASE": "name", "USER": "user", "USERNAME": "user"},
    **dict.fromkeys(("PASSWORD", "PASS", "PASSWD"), "password"),
}
_REDIS = re.compile(r"(?:^|_)(?:REDIS|VALKEY)(?:(?:_?[A-Z]+)??_?(URL|HOST|PORT))?$")
# Variables of an encrypted address: the services of an environment are reached without.
_ENCRYPTED = re.compile(r"(?:^|_)(?:TLS|SSL)(?:_|$)")
_BROKER = re.compile(
    r"(?:^|_)(?:BROKER(?:_URL)?|RESULT_BACKEND|RABBITMQ_URL|AMQP_URL|CLOUDAMQP_URL)$"
)
_CACHE = re.compile(r"(?:^|_)CACHE(?:_URL|_LOCATION)$")
# Not CORS_ALLOWED_HOSTS, which has addresses.
_HOSTS = re.compile(r"(?:^|(?<!CORS)_)ALLOWED_HOSTS?$")
_DEBUG = re.compile(r"(?:^|_)DEBUG$")
# Towpath migrates itself: the command goes, with what answers its questions.
_MIGRATE = re.compile(
    r"^\s*(?:(?:yes|echo)\b[^|&;]*\|\s*)?python3?\s+\S*manage\.py\s+migrate\b[^&;]*(?:&&\s*|$)"
)


def tables(found: Detection) -> dict[str, Any]:
    """Return the tables of the product, by key; one without a value is left out."""
    services = _services(found)
    result = {
        "image": _image(found),
        "processes": _processes(found),
        "services": services,
        "env": _variables(found, services),
        "volumes": _volumes(found),
    }
    return {key: row for key, row in result.items() if row}


def mapped(found: Detection) -> frozenset[str]:
    """Return the variables of the settings that have a value in the table `env`."""
    return frozenset(_variables(found, _services(found)))


def _image(found: Detection) -> dict[str, Any]:
    table: dict[str, Any] = {}
    if (python := image_python(found)) != PYTHONS[0]:
        table["python"] = python
    if own := own_dockerfile(found):
        return table | {"dockerfile": own}
    table |= _static(found)
    if not found.value("server") or found.value("server-extra"):
        table["extra"] = [found.value("server-extra") or "gunicorn"]
    more = {
        "build-packages": sorted(found.values("build-package")),
        "run-packages": sorted(found.values("run-package")),
        "extras": list(found.values("image-extra")),
        "assets": _assets(found),
    }
    return table | {key: value for key, value in more.items() if value}


def _static(found: Detection) -> dict[str, Any]:
    if not found.value("static") or found.value("static-storage") or _is_static_stored(found):
        return {"static": False}
    commands = list(found.values("static-command"))
    return {"static-commands": commands} if commands else {}


def _is_static_stored(found: Detection) -> bool:
    """Tell whether static files are in the volume of uploads, so that no image can have them."""
    return bool(found.value("static-in-volume"))


def own_dockerfile(found: Detection) -> str:
    """Return the Dockerfile that a person chose to build with; empty where none was named."""
    return next((row.value for row in found.all("dockerfile") if row.why == ANSWERED), "")


def _assets(found: Detection) -> str:
    """Return the command that makes static files with node, where one directory has a build."""
    rows = [row for row in found.all("node") if row.why.endswith(", script build")]
    if len(rows) != 1:
        return ""
    folder = rows[0].why.partition(",")[0]
    enter = "" if folder == "." else f"cd {shlex.quote(folder)} && "
    return enter + _NODE.get(rows[0].value, _NODE["npm"])


def image_python(found: Detection) -> str:
    """Return the Python of the image: the chosen one, else the best that the project allows."""
    if (named := found.value("python")) in PYTHONS:
        return named
    if marks := [row for row in PYTHONS if row in found.values("classifier")]:
        return marks[0]
    allowed = allowed_minors(found.value("python-range"), PYTHONS)
    return next((row for row in PYTHONS if row in allowed), PYTHONS[0])


def _processes(found: Detection) -> dict[str, Any]:
    named = dict(row.partition(": ")[::2] for row in found.values("process"))
    commands = _release(found, named.pop("release", ""))
    table: dict[str, Any] = {"release": commands} if commands else {}
    table["web"] = named.pop("web", "") or _web(found)
    if not named:
        named = _workers(found)
    for name, command in named.items():
        key = re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")
        single = "beat" in command or "scheduler" in command
        table[key] = {"command": command, "single": True} if single else command
    return table


def _release(found: Detection, command: str) -> list[str]:
    """Return what runs once for a release, besides the migrations."""
    collect = "python manage.py collectstatic --no-input" if _is_static_stored(found) else ""
    return [row for row in (_MIGRATE.sub("", command).strip(), collect) if row]


def _web(found: Detection) -> str:
    server = found.value("server") or "gunicorn"
    asgi, wsgi = found.value("asgi"), found.value("wsgi")
    speaks_asgi = server in ASGI_SERVERS or (server == "granian" and not wsgi)
    app = (asgi if speaks_asgi else wsgi) or wsgi or asgi
    if not app:
        package = found.value("settings").partition(".")[0]
        app = f"{package}.wsgi:application"
    command = _SERVERS.get(server, _SERVERS["gunicorn"])
    return command.format(app=app, kind="asginl" if speaks_asgi else "wsgi")


def _workers(found: Detection) -> dict[str, str]:
    commands: dict[str, str] = {}
    manage = found.value("manage").rpartition("/")[2]
    for row in found.all("worker"):
        if row.value == "celery":
            app = _module(row.file, found.value("manage"))
            commands["worker"] = f"celery -A {app} worker --loglevel=INFO"
            if found.all("scheduler"):
                commands["beat"] = f"celery -A {app} beat --schedule=/tmp/celerybeat-schedule"
        elif row.value in _WORKERS:
            name = "worker" if "worker" not in commands else f"worker-{row.value}"
            commands[name] = _WORKERS[row.value].replace("manage.py", manage)
    return commands


def _module(path: str, manage: str) -> str:
    """Return a file as Python imports it from the directory of manage.py."""
    folder = manage.rpartition("/")[0]
    inside = path.removeprefix(f"{folder}/") if folder else path
    return inside.removesuffix(".py").replace("/", ".")


def _services(found: Detection) -> dict[str, Any]:
    table: dict[str, Any] = {}
    database = found.value("database")
    if database == "sqlite":
        file = found.value("sqlite-file") or "db.sqlite3"
        table["database"] = {"kind": "sqlite", "file": file}
    elif database in _SERVICES:
        table["database"] = _SERVICES[database]
    for topic in ("cache", "queue"):
        kind = found.value(topic)
        name = "redis" if kind == "redis" else topic
        if kind in ("redis", "memcached", "rabbitmq"):
            table[name] = _SERVICES[kind]
    return table


def _variables(found: Detection, services: Mapping[str, Any]) -> dict[str, str]:
    """Return what each variable of the settings gets, as far as its name says it."""
    result: dict[str, str] = {}
    for row in found.all("variable"):
        if row.value in found.values("hosts"):
            result[row.value] = "{hosts}"
        elif value := _value(row.value, row.why, services):
            result[row.value] = value
    for switch in found.values("database-switch") if "database" in services else ():
        name, _, value = switch.partition("=")
        result[name] = value
    return dict(sorted(result.items()))


def _value(name: str, why: str, services: Mapping[str, Any]) -> str:
    if why == SECRET_KEY:
        return "{secret.secret_key}"
    if _HOSTS.search(name):
        return "{hosts}"
    if _DEBUG.search(name):
        return "False"
    if value := _of_service(name, services):
        return value
    return f"{{secret.{name.lower()}}}" if why == SECRET else ""


def _of_service(name: str, services: Mapping[str, Any]) -> str:
    """Return the placeholder for a variable that says where a service is."""
    if "database" in services and (match := _DATABASE.search(name)):
        return _of_database(_ATTRIBUTES[match[1]], services["database"])
    if _ENCRYPTED.search(name):
        return ""
    if "redis" in services and (match := _REDIS.search(name)):
        return f"{{redis.{(match[1] or 'url').lower()}}}"
    if _BROKER.search(name):
        return _address(services, "queue", "redis")
    return _address(services, "redis", "cache") if _CACHE.search(name) else ""


def _address(services: Mapping[str, Any], *kinds: str) -> str:
    """Return the placeholder for the address of the first of these services that there is."""
    return next((f"{{{row}.url}}" for row in kinds if row in services), "")


def _of_database(attribute: str, database: Any) -> str:
    """Return the placeholder of a database; one that is a file has an address alone."""
    is_file = isinstance(database, dict)
    return "" if is_file and attribute != "url" else f"{{database.{attribute}}}"


def _volumes(found: Detection) -> dict[str, str]:
    folder = found.value("media-directory")
    return {"media": folder} if folder else {}
