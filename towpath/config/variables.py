"""`[tool.towpath.env]`: the variables of the product, with placeholders for what is known later.

One mapping serves the containers of a deployment, the check of the settings of production and the
collection of static files. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from towpath.config.services import SQLITE, Service
from towpath.config.toml_values import typed, wrong
from towpath.core.errors import ConfigurationError
from towpath.core.suggest import nearest

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_.-]*)\}")
SECRET = re.compile(r"secret\.([a-z][a-z0-9_]{0,60})(\.file)?")
# What a deployment knows, and nobody before it.
HOSTS, ENVIRONMENT = "hosts", "environment"
RELEASE = ("release.version", "release.digest")
SECRETS_DIRECTORY = "/run/secrets"
# Where the file of an SQLite database is, in a volume of its own.
DATA_DIRECTORY = "/data"


def read_env(table: Any, where: str, services: Mapping[str, Service]) -> dict[str, str]:
    """Return the variables by name; raises ConfigurationError for an unknown placeholder."""
    if not isinstance(table, Mapping):
        raise wrong(where, "a table", table)
    known = set(_plain(services)) | set(_of_passwords(services, lambda _: ""))
    known |= {HOSTS, ENVIRONMENT, *RELEASE}
    for name, value in table.items():
        if not NAME.fullmatch(name):
            raise wrong(f"{where}.{name}", "the name of a variable", name)
        text = typed(value, str, f"{where}.{name}")
        for found in PLACEHOLDER.findall(text):
            if found not in known and not SECRET.fullmatch(found):
                raise ConfigurationError(
                    f"{where}.{name} in pyproject.toml has the unknown placeholder {{{found}}}."
                    f"{nearest(found, known)}",
                    why=f"Known are {', '.join(sorted(known))}, and secret.NAME.",
                )
    return dict(table)


def named_secrets(env: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the secrets that the variables name themselves, sorted."""
    found = {match[1] for text in env.values() for match in SECRET.finditer(text)}
    return tuple(sorted(found))


def secrets_of(env: Mapping[str, str], services: Mapping[str, Service]) -> tuple[str, ...]:
    """Return the names of every secret of an environment, sorted."""
    of_services = {name for row in services.values() for name in row.secrets}
    return tuple(sorted({*named_secrets(env), *of_services}))


def mounted(env: Mapping[str, str], services: Mapping[str, Service]) -> tuple[str, ...]:
    """Return the names of the secrets that the product reads from files, sorted."""
    files = {
        f"{row.name}.password.file": row.secrets[-1] for row in services.values() if row.secrets
    }
    found = set()
    for name in (match for text in env.values() for match in PLACEHOLDER.findall(text)):
        if name in files:
            found.add(files[name])
        elif (secret := SECRET.fullmatch(name)) and secret[2]:
            found.add(secret[1])
    return tuple(sorted(found))


def is_secret(text: str, services: Mapping[str, Service]) -> bool:
    """Tell whether a value of a variable has a secret in it, so that no file may have it."""
    hidden = set(_of_passwords(services, lambda _: ""))
    return any(
        name in hidden or ((row := SECRET.fullmatch(name)) is not None and not row[2])
        for name in PLACEHOLDER.findall(text)
    )


def resolve(
    text: str,
    services: Mapping[str, Service],
    secret: Callable[[str], str],
    later: Mapping[str, str],
    directory: str = SECRETS_DIRECTORY,
) -> str:
    """Return a value with every placeholder replaced.

    `secret` returns the value of a secret, `later` has what only a deployment knows. `directory` is
    where the files of secrets are.
    """
    known = {**_plain(services, directory), **later}
    hidden = _of_passwords(services, secret)

    def found(match: re.Match[str]) -> str:
        name = match[1]
        if row := SECRET.fullmatch(name):
            return f"{directory}/{row[1]}" if row[2] else secret(row[1])
        return hidden[name] if name in hidden else known[name]

    return PLACEHOLDER.sub(found, text)


def made_up(env: Mapping[str, str], services: Mapping[str, Service]) -> dict[str, str]:
    """Return the variables with made-up secrets, for a program that looks at the settings only."""
    later = {HOSTS: "localhost", ENVIRONMENT: "production"}
    later |= {"release.version": "0.0.0", "release.digest": f"sha256:{64 * '0'}"}
    return {
        name: resolve(text, services, lambda _: "made-up-" * 8, later)
        for name, text in env.items()
        # A file that is not there would only be an error of its own.
        if not re.search(r"\.file\}", text)
    }


def _plain(services: Mapping[str, Service], directory: str = SECRETS_DIRECTORY) -> dict[str, str]:
    """Return the placeholders whose values are no secret."""
    found: dict[str, str] = {}
    for row in services.values():
        values = {"host": row.address, "port": str(row.port), "name": row.database}
        values |= {"address": f"{row.address}:{row.port}", "user": row.role}
        if row.kind == SQLITE:
            path = f"{DATA_DIRECTORY}/{row.file.rpartition('/')[2]}"
            values = {"path": path, "url": f"sqlite:///{path}"}
        elif not row.has_user:
            values["url"] = _url(row, "")
        if row.secrets:
            values["password.file"] = f"{directory}/{row.secrets[-1]}"
        found |= {f"{row.name}.{key}": value for key, value in values.items() if value}
    return found


def _of_passwords(services: Mapping[str, Service], secret: Callable[[str], str]) -> dict[str, str]:
    """Return the placeholders whose values have a password in them."""
    return dict(_passwords(services, secret))


def _passwords(
    services: Mapping[str, Service], secret: Callable[[str], str]
) -> Iterator[tuple[str, str]]:
    for row in services.values():
        if row.secrets:
            password = secret(row.secrets[-1])
            yield f"{row.name}.password", password
            yield f"{row.name}.url", _url(row, f"{row.role}:{quote(password, safe='')}@")


def _url(row: Service, who: str) -> str:
    from towpath.config.services import KINDS

    scheme = KINDS[row.kind].scheme if row.kind in KINDS else "http"
    last = f"/{row.database}" if row.database else {"redis": "/0", "amqp": "//"}.get(scheme, "")
    return f"{scheme}://{who}{row.address}:{row.port}{last}"
