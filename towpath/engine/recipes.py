"""What the engine is made of: packages, command lines and configurations. Nothing here runs."""

from __future__ import annotations

import base64
import hashlib
import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from towpath.core import references as known
from towpath.core.errors import EngineAbsentError

SUITE = "trixie"
USER = "towpath"  # who the engine's own clients are to its registry
MACHINES = {known.architecture(name): machine for name, machine in known.MACHINES.items()}
ARCHITECTURES = {machine: architecture for architecture, machine in MACHINES.items()}
# The Python of this suite.
PYTHON = "3.13"
IMAGES = (
    *(f"python:{PYTHON}-slim", "postgres:17", "memcached:1.6", "rabbitmq:4.0", "redis:8.0"),
    "haproxy:3.0",
)

ROOT_PACKAGES = (
    "ca-certificates",
    "docker-buildx",
    "docker-cli",
    "docker-compose",
    "docker-registry",
    "docker.io",
    "haproxy",
    "iproute2",
    "iptables",
    "procps",
    "qemu-user-binfmt",
)
PYTHON_PACKAGES = ("ca-certificates", "netbase", "python3", "python3-pip", "python3-venv", "tzdata")
# Read by people only, and a third of a small image.
UNREAD = ("/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/man/*")


def python_packages(python: str = PYTHON) -> tuple[str, ...]:
    """Return the packages of a Python's image, such as `3.13`.

    The shared library is one: the official images have it, and what embeds Python, such as uwsgi or
    mod_wsgi, is linked with it.
    """
    return (*PYTHON_PACKAGES, f"libpython{python}")


def architecture(machine: str) -> tuple[str, str]:
    """Return Debian's names of this machine's architecture and of the other one.

    Raises EngineAbsentError for a machine that is not supported.
    """
    native = ARCHITECTURES.get(machine)
    if native is None:
        raise EngineAbsentError(
            f"The embedded engine does not support {machine} machines.",
            why=f"It supports {' and '.join(ARCHITECTURES)}.",
            next_step="Install Docker yourself and run the command again.",
        )
    return native, next(other for other in MACHINES if other != native)


def root(target: Path, foreign: str, mirrors: Sequence[str]) -> list[str]:
    """Return the command that makes the engine's own Debian, with one emulator, in `target`."""
    emulator = f"/usr/bin/qemu-{MACHINES[foreign]}"
    options = [
        *_excluded((*UNREAD, "/usr/bin/qemu-*")),
        f"--dpkgopt=path-include={emulator}",
        f"--include={','.join(ROOT_PACKAGES)}",
    ]
    return ["mmdebstrap", "--variant=minbase", *options, SUITE, str(target), *mirrors]


def base(target: Path, mirrors: Sequence[str], suite: str = SUITE) -> list[str]:
    """Return the command that makes the archive all images for this machine start from."""
    return ["mmdebstrap", "--variant=minbase", *_excluded(UNREAD), suite, str(target), *mirrors]


def foreign_python(
    target: Path,
    foreign: str,
    mirrors: Sequence[str],
    suite: str = SUITE,
    python: str = PYTHON,
) -> list[str]:
    """Return the command that unpacks Python for the other architecture, running nothing of it.

    The packages are the same as in the native image: what minbase has, and those of Python.
    """
    included = ("?essential", "?priority(required)", ",".join(("apt", *python_packages(python))))
    options = [f"--arch={foreign}", "--variant=extract", *(f"--include={it}" for it in included)]
    return ["mmdebstrap", *options, suite, str(target), *mirrors]


def _excluded(paths: Sequence[str]) -> list[str]:
    return [f"--dpkgopt=path-exclude={path}" for path in paths]


def side_by_side(one: Sequence[Sequence[str]], other: Sequence[Sequence[str]]) -> list[str]:
    """Return one command that runs two sequences of commands at the same time, each to its end.

    One shell, so that Ctrl-C reaches all of them as one process group. It fails if either does.
    """
    left, right = (" && ".join(shlex.join(argv) for argv in row) or "true" for row in (one, other))
    script = f"{{ {left}; }} & left=$!; {{ {right}; }}; right=$?; wait $left && exit $right"
    return ["sh", "-c", script]


def images(
    registry: str, native: str, foreign: str, proxies: Mapping[str, str], python: str = PYTHON
) -> dict[str, str]:
    """Return the variables of images/docker-bake.hcl."""
    stages = {native: "python-native", foreign: "python-foreign"}
    return {
        "REGISTRY": registry,
        "FOREIGN": foreign,
        "PYTHON_PACKAGES": " ".join(python_packages(python)),
        "PYTHON_AMD64": stages["amd64"],
        "PYTHON_ARM64": stages["arm64"],
        **proxies,
    }


def daemon_config(state: Path, run: Path, port: int) -> str:
    """Return the daemon.json: containerd's image store, and our registry as mirror of the Hub."""
    settings = {
        "builder": {"gc": {"enabled": True, "defaultKeepStorage": "10GB"}},
        "data-root": str(state / "docker"),
        "exec-root": str(run / "exec"),
        "features": {"containerd-snapshotter": True},
        "group": "root",
        "hosts": [f"unix://{run / 'docker.sock'}"],
        "log-level": "warn",
        "log-opts": {"max-file": "3", "max-size": "10m"},
        "pidfile": str(run / "docker.pid"),
        "registry-mirrors": [f"http://127.0.0.1:{port}"],
    }
    return json.dumps(settings, indent=2) + "\n"


def registry_config(state: Path, run: Path, *, readonly: bool = False) -> str:
    """Return the registry's configuration: a socket in a private directory, deletion allowed.

    Who may do what is decided by HAProxy in front of it (`front_config`). With `readonly` it takes
    nothing and serves what it has. JSON is YAML too, which is what the registry reads.
    """
    settings = {
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {
            "filesystem": {"rootdirectory": str(state / "registry")},
            "delete": {"enabled": True},
            "maintenance": {"readonly": {"enabled": readonly}},
        },
        "http": {"net": "unix", "addr": str(run / "registry.sock")},
    }
    return json.dumps(settings, indent=2) + "\n"


def front_config(run: Path, port: int, password: str) -> str:
    """Return HAProxy's configuration: everybody on this machine reads, our own clients write.

    `/v2/` is where clients find out whether a registry wants a login, so it wants one too. A
    registry that starts again is waited for. The password is random and used only here, so
    that a slow hash of it would protect nothing.
    """
    return f"""\
defaults
    mode http
    maxconn 2000
    timeout connect 1s
    timeout client 15m
    timeout server 15m
    timeout http-request 30s
    retries 20
    retry-on conn-failure

userlist clients
    user {USER} insecure-password {password}

frontend registry
    bind 127.0.0.1:{port}
    acl reads method GET HEAD
    acl asks_for_login path /v2 /v2/
    acl ours http_auth(clients)
    http-request auth realm towpath unless ours or reads !asks_for_login
    http-request del-header Authorization
    default_backend storage

backend storage
    server registry unix@{run / "registry.sock"}
"""


def client_config(text: str, earlier: str, port: int, password: str) -> str:
    """Return the config.json of the engine's own clients: the user's, and the registry's password.

    `text` is the user's config; one that is no JSON object counts as empty. `earlier` is what was
    here before: logins that were made here are kept.
    """
    document, before = _object(text), _object(earlier)
    logins = _table(before, "auths") | _table(document, "auths")
    helpers = _table(before, "credHelpers") | _table(document, "credHelpers")
    for host in (f"localhost:{port}", f"127.0.0.1:{port}"):
        pair = base64.b64encode(f"{USER}:{password}".encode()).decode()
        logins[host] = {"auth": pair}
        if helpers.get(host) or document.get("credsStore"):
            # No helper: this one is in the file, whatever keeps the user's other logins.
            helpers[host] = ""
    document |= {"auths": logins} | ({"credHelpers": helpers} if helpers else {})
    return json.dumps(document, indent=2) + "\n"


def _object(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _table(document: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = document.get(key)
    return dict(found) if isinstance(found, dict) else {}


def fingerprint(*parts: bytes | str | Sequence[str]) -> str:
    """Return a short name of a recipe: another recipe has another one."""
    digest = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else json.dumps(part).encode()
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:12]
