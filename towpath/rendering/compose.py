"""The Compose files and the proxy's settings, rendered from the settings of the project. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from towpath.config import Config, Environment
from towpath.config import variables as product
from towpath.config.processes import Process
from towpath.config.services import RABBITMQ, SQLITE
from towpath.rendering import layout
from towpath.rendering.templates import compose_text, fill

BASE, PROXY = "base.yaml", "haproxy.cfg"
# Asks the web process of its own container for the path of health: any answer below 500 is one.
_PROBE = (
    "import http.client,sys;"
    "asked=http.client.HTTPConnection('127.0.0.1',int(sys.argv[1]),timeout=4);"
    "asked.request('GET',sys.argv[2],headers={'Host':sys.argv[3]});"
    "sys.exit(asked.getresponse().status>=500)"
)
LATER: Mapping[str, str] = {
    product.HOSTS: "${TOWPATH_HOSTS:-localhost,127.0.0.1}",
    product.ENVIRONMENT: "${TOWPATH_ENVIRONMENT:-production}",
    "release.version": "${TOWPATH_VERSION:-}",
    "release.digest": "${RELEASE_DIGEST:-}",
}
# Compose gets a value with a secret in it as a variable of this name, so that no file has it.
HIDDEN = "TOWPATH_VALUE_"


def base(config: Config) -> str:
    """Return the file of what every environment has."""
    services = list(config.services.values())
    own_image = bool(config.image.dockerfile)
    return fill(
        f"compose/{BASE}",
        {
            "services": services,
            "processes": [_with_probe(row, own_image) for row in config.processes.all],
            "web": config.processes.web,
            "user": product_user(config),
            "mounted": product.mounted(config.product_env, config.services),
            "volumes": list(layout.volumes(config).items()),
            "variables": _variables(config),
            "manage": layout.manage(config),
            "stored": _stored(config),
            "copied": any(row.kind == SQLITE for row in services),
        },
    )


def product_user(config: Config) -> str:
    """Return whom the product runs as; empty for what an own image says itself."""
    return config.image.user or ("" if config.image.dockerfile else layout.USER)


def overlay(config: Config, environment: Environment) -> str:
    """Return the file of what one environment has besides."""
    values = {"environment": environment, "services": list(config.services.values())}
    return fill("compose/environment.yaml", values)


def proxy(config: Config) -> str:
    """Return the settings of the proxy."""
    return fill(f"compose/{PROXY}", {"proxy": config.proxy})


def _with_probe(process: Process, own_image: bool) -> Process:
    """Return the web process with our own check where neither it nor its image has one."""
    if process.health or own_image or process.name != "web":
        return process
    words = ("python", "-c", _PROBE, str(process.port))
    return replace(process, health=(*words, _Later("PATH:-/"), _Later("HOST:-localhost")))


class _Later(str):
    """A word that Compose replaces: one of the variables of the health check."""

    def __new__(cls, name: str) -> _Later:
        """Return the word for a variable whose name begins with TOWPATH_HEALTH_."""
        return super().__new__(cls, f"${{TOWPATH_HEALTH_{name}}}")

    def replace(self, *_: Any, **__: Any) -> str:
        """Return the word as it is: its `$` is meant."""
        return str(self)


def _variables(config: Config) -> list[tuple[str, str]]:
    """Return the variables of the product, as YAML."""
    found = {"PORT": str(config.processes.web.port)}
    if config.product_env.get("DJANGO_SETTINGS_MODULE") is None:
        found["DJANGO_SETTINGS_MODULE"] = config.django.settings
    for name, text in config.product_env.items():
        if product.is_secret(text, config.services):
            found[name] = f"${{{HIDDEN}{name}-}}"
        else:
            literal = text.replace("$", "$$")
            found[name] = product.resolve(literal, config.services, lambda _: "", LATER)
    return [(name, compose_text(text)) for name, text in found.items()]


def _stored(config: Config) -> list[str]:
    """Return the names of the volumes, of the services and the product's own."""
    kinds = {"postgres", "mysql", "mariadb", "redis", "valkey", RABBITMQ}
    rows = [row for row in config.services.values() if row.is_container]
    of_services = [row.name for row in rows if row.kind in kinds or row.volume]
    return [*of_services, *layout.volumes(config)]
