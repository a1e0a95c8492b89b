"""Machines that build a platform: `[tool.towpath.builders]`. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from towpath.config.toml_values import checked, typed, wrong
from towpath.core.errors import ConfigurationError
from towpath.core.references import is_loopback, platform
from towpath.core.suggest import nearest

if TYPE_CHECKING:
    from urllib.parse import SplitResult

SSH, TCP, KUBERNETES = "ssh", "tcp", "kubernetes"
SCHEMES = (SSH, TCP, KUBERNETES)
MATERIAL = ("ca", "cert", "key")
_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True)
class BuilderNode:
    """Where one platform is built: `ssh://user@host`, `tcp://host:port`, `kubernetes://namespace`.

    `ca`, `cert` and `key` are files, below the project's directory unless absolute. `options` are
    those of buildx' driver for Kubernetes.
    """

    platform: str
    endpoint: str
    ca: str = ""
    cert: str = ""
    key: str = ""
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def scheme(self) -> str:
        """How the machine is reached: `ssh`, `tcp` or `kubernetes`."""
        return self.endpoint.partition("://")[0]

    @property
    def host(self) -> str:
        """What follows the scheme: a host, or a namespace of Kubernetes."""
        return self.endpoint.partition("://")[2].rstrip("/")

    @property
    def material(self) -> Mapping[str, str]:
        """The files for TLS by what they are; empty where there is no TLS of our own."""
        rows = {name: str(getattr(self, name)) for name in MATERIAL}
        return {name: file for name, file in rows.items() if file}

    def builder(self, project: str, material: bytes = b"") -> str:
        """Return the name of the buildx builder; it changes with any setting.

        `material` is the content of the TLS files.
        """
        import hashlib
        import json

        identity = json.dumps([project, asdict(self)], sort_keys=True).encode()
        return f"towpath-{hashlib.sha256(identity + material).hexdigest()[:12]}"


def table(text: str) -> dict[str, str]:
    """Parse TOWPATH_BUILDERS: `linux/arm64=ssh://user@host`, separated by commas.

    Raises ConfigurationError for an entry without a platform, and for a platform given twice.
    """
    found: dict[str, str] = {}
    for row in filter(None, (part.strip() for part in text.split(","))):
        name, sign, endpoint = row.partition("=")
        if not sign or name in found:
            raise ConfigurationError(
                f"TOWPATH_BUILDERS has an invalid entry: {row!r}.",
                why="It maps each platform once to its builder, as in "
                "linux/arm64=ssh://user@host.",
            )
        found[name] = endpoint
    return found


def read_builders(value: Any, where: str) -> dict[str, BuilderNode]:
    """Read the table of builders; raises ConfigurationError with the path of what is wrong."""
    if not isinstance(value, Mapping):
        raise wrong(where, "a table", value)
    found: dict[str, BuilderNode] = {}
    for name, row in value.items():
        node = _node(platform(name), row, f"{where}.{name!r}")
        if node.platform in found:
            raise ConfigurationError(
                f"{where} names {node.platform} twice.",
                why=f"{name!r} is another name for it.",
                next_step="Remove one of them.",
            )
        found[node.platform] = node
    return found


def _node(name: str, row: Any, where: str) -> BuilderNode:
    if isinstance(row, str):
        row = {"endpoint": row}
    values = dict(checked(row, {"endpoint", "options", *MATERIAL}, where))
    if "endpoint" not in values:
        raise ConfigurationError(
            f"{where} in pyproject.toml has no endpoint.",
            next_step="Add one, as in endpoint = 'ssh://user@host'.",
        )
    options = values.pop("options", {})
    if not isinstance(options, Mapping):
        raise wrong(f"{where}.options", "a table", options)
    for key, text in (
        *values.items(),
        *((f"options.{key}", row) for key, row in options.items()),
    ):
        typed(text, str, f"{where}.{key}")
    node = BuilderNode(name, **values, options=dict(options))
    _require_possible(node, where)
    return node


def _require_possible(node: BuilderNode, where: str) -> None:
    """Raise ConfigurationError for an invalid endpoint, and for options that it does not use."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(node.endpoint)
        port = parts.port
    except ValueError as error:
        raise _bad(node, where, str(error)) from error
    if not node.endpoint.startswith(tuple(f"{name}://" for name in SCHEMES)):
        known = ", ".join(f"{name}://" for name in SCHEMES)
        hint = nearest(parts.scheme, SCHEMES)
        raise _bad(node, where, f"It must begin with one of {known}.{hint}")
    more = (parts.password, parts.query, parts.fragment, parts.path.strip("/"))
    if any(more) or parts.password is not None:
        raise _bad(
            node,
            where,
            "It takes a scheme, an optional user, a host and an optional port, nothing else.",
        )
    if not parts.hostname or parts.hostname.startswith("-"):
        raise _bad(node, where, "It has no host.")
    _require_fitting(node, parts, port, where)


def _require_fitting(node: BuilderNode, parts: SplitResult, port: int | None, where: str) -> None:
    """Raise ConfigurationError for what the scheme of the endpoint does not allow."""
    if node.scheme != KUBERNETES and node.options:
        raise _bad(node, where, "Options are for kubernetes:// only.")
    if node.scheme != TCP and node.material:
        raise _bad(node, where, "ca, cert and key are for tcp:// only.")
    if node.scheme == KUBERNETES and not _NAMESPACE.fullmatch(node.host):
        raise _bad(node, where, "What follows kubernetes:// must be a namespace.")
    if node.scheme == TCP:
        _require_safe(node, parts, port, where)


def _require_safe(node: BuilderNode, parts: SplitResult, port: int | None, where: str) -> None:
    if port is None or parts.username is not None:
        raise _bad(node, where, "tcp:// needs a host and a port, as in tcp://builder:2376.")
    if len(node.material) not in (0, len(MATERIAL)):
        raise _bad(node, where, "TLS needs ca, cert and key together.")
    if not node.material and not is_loopback(parts.hostname or ""):
        raise _bad(
            node,
            where,
            "Without TLS, anyone who reaches this port controls the machine: add ca, "
            "cert and key.",
        )


def _bad(node: BuilderNode, where: str, why: str) -> ConfigurationError:
    shown = re.sub(r"(://[^/@:]*):[^/@]*@", r"\1:***@", node.endpoint)
    return ConfigurationError(
        f"{where} in pyproject.toml: {shown!r} cannot be used to build {node.platform}.",
        why=why,
        next_step="docs/builders.md has an example of each kind.",
    )
