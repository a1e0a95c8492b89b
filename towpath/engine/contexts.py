"""Which engine the settings of Docker's client name, and how it is reached.

Source: Docker docs, "Docker contexts"; the directories of a context are named by the sha256 of its
name. The Docker SDK does not support contexts, so a context is turned into variables.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from towpath.core import documents
from towpath.core.environment import variable
from towpath.core.errors import ConfigurationError
from towpath.core.files import read_bounded

# Bytes: more than any file of settings has; a larger one is ignored.
LONGEST = 1 << 20
FILES = ("ca.pem", "cert.pem", "key.pem")


@dataclass(frozen=True)
class Named:
    """A configured engine: its endpoint, what configures it, and the variables to reach it.

    Without an `endpoint` nothing is named, and the client takes its default.
    """

    endpoint: str = ""
    by: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)


def named(env: Mapping[str, str]) -> Named:
    """Return the engine that DOCKER_HOST, DOCKER_CONTEXT or the client's settings name, in turn.

    Raises ConfigurationError for a context that is not there, or without what it needs for TLS.
    """
    if host := variable(env, "DOCKER_HOST"):
        return Named(_complete_address(host), "DOCKER_HOST")
    home = _home(env)
    context, by = variable(env, "DOCKER_CONTEXT"), "DOCKER_CONTEXT"
    if not context:
        current = _json(home / "config.json").get("currentContext")
        context, by = current if isinstance(current, str) else "", f"{home / 'config.json'}"
    if context in ("", "default"):
        return Named()
    return _context(home / "contexts", context, f"The context {context} of {by}")


def _home(env: Mapping[str, str]) -> Path:
    return Path(variable(env, "DOCKER_CONFIG") or Path(env.get("HOME") or "/root") / ".docker")


def _complete_address(host: str) -> str:
    """Return an address with its scheme, which the client lets one leave out for tcp."""
    return host if "://" in host else f"tcp://{host}"


def _context(contexts: Path, name: str, by: str) -> Named:
    directory = hashlib.sha256(name.encode()).hexdigest()
    endpoint = _endpoint(_json(contexts / "meta" / directory / "meta.json"))
    if endpoint is None:
        raise ConfigurationError(
            f"{by} does not exist.",
            why=f"{contexts} has no context of this name.",
            next_step="`docker context ls` lists the contexts; DOCKER_CONTEXT=default selects the "
            "engine of this machine.",
        )
    host = endpoint.get("Host")
    if not isinstance(host, str) or not host.strip():
        return Named()
    host = _complete_address(host.strip())
    variables = {"DOCKER_HOST": host, "DOCKER_CONTEXT": ""}
    return Named(host, by, variables | _tls(contexts / "tls" / directory / "docker", endpoint, by))


def _endpoint(document: Mapping[str, Any]) -> dict[str, Any] | None:
    endpoints = document.get("Endpoints")
    found = endpoints.get("docker") if isinstance(endpoints, dict) else None
    return found if isinstance(found, dict) else None


def _tls(folder: Path, endpoint: Mapping[str, Any], by: str) -> dict[str, str]:
    """Return the variables for a context's certificates, if it has any."""
    there = [name for name in FILES if (folder / name).is_file()]
    if not there:
        return {"DOCKER_TLS_VERIFY": "", "DOCKER_TLS": ""}
    if len(there) < len(FILES):
        raise ConfigurationError(
            f"{by} lacks files for TLS.",
            why=f"{folder} has {', '.join(there)}; required are {', '.join(FILES)}.",
            next_step="Recreate the context with a client certificate.",
        )
    verify = "" if endpoint.get("SkipTLSVerify") is True else "1"
    return {"DOCKER_TLS": "1", "DOCKER_TLS_VERIFY": verify, "DOCKER_CERT_PATH": str(folder)}


def _json(path: Path) -> dict[str, Any]:
    """Read a file of settings; where it is absent or broken, the client falls back to defaults."""
    try:
        text = read_bounded(path, LONGEST)
        document = documents.loads(text, LONGEST)
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
