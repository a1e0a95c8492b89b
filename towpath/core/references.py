"""What an image is called: references, digests, platforms and versions, checked once."""

from __future__ import annotations

import re
from typing import NamedTuple, Self

from towpath.core.errors import ConfigurationError
from towpath.core.suggest import find_nearest

# The tags of the stages of an image, in the order in which it moves.
BUILT, TEST, RELEASE = "built", "test", "release"
# What begins the tag of an image that is not read back yet.
TEMPORARY = "building"

# The platforms that the pipeline builds for, and what `uname -m` says on a machine of each.
MACHINES = {"linux/amd64": "x86_64", "linux/arm64": "aarch64"}
PLATFORMS = tuple(MACHINES)

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
# OCI distribution spec 1.1, "Pulling manifests": <name> and <reference> as a tag.
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(f"{_PART}(?:/{_PART})*")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
# A host as DNS has it, an IPv4 address, or an IPv6 address in brackets; then maybe a port.
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_REGISTRY = re.compile(
    rf"(?P<host>{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{{1,5}}))?"
)

# A user and a password before a host: not to be shown again.
_PASSWORD = re.compile(r"[^/@]*@")


def is_loopback(host: str, *, names_below: bool = False) -> bool:
    """Tell whether a host is this machine itself: the name `localhost`, or a loopback address.

    A name that only begins like one is not, nor is a short or decimal form of an address, which
    programs do not read alike, nor `0.0.0.0`. `names_below` accepts `x.localhost` too (RFC 6761):
    good enough to ask it without a proxy, not to trust it with plain HTTP and a password.
    """
    import ipaddress

    name = host.lower()
    if name == "localhost" or (names_below and name.endswith(".localhost")):
        return True
    try:
        address = ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or getattr(address, "scope_id", None)
    return address.is_loopback and not mapped


def _no_registry(text: str) -> str:
    """Return why a text is no registry; empty if it is one."""
    match = _REGISTRY.fullmatch(text)
    if match is None:
        return _malformed(text)
    host, port = match["host"], match["port"]
    if port and not 0 < int(port) < 65536:
        return "A port is a number from 1 to 65535."
    if why := _no_address(host):
        return why
    if not port and host != "localhost" and not any(letter in host for letter in ".:"):
        return "Docker reads a name without a dot or a port as a user of Docker Hub."
    return ""


def _malformed(text: str) -> str:
    """Return what is wrong with a text that is not written as a host and maybe a port are."""
    if _REGISTRY.fullmatch(text.lower()):
        return "It must be in lower case: logins are looked up by its exact name."
    if text.count(":") > 1 and "/" not in text and "@" not in text:
        return "An IPv6 address is written in brackets, as in [2001:db8::1]:5000."
    return (
        "A registry is a host with an optional port, without a scheme, path, slash, user or "
        "password."
    )


def _no_address(host: str) -> str:
    """Return why a host that looks like an IP address is none; empty if it is one, or a name."""
    import ipaddress

    if host.startswith("["):
        try:
            ipaddress.IPv6Address(host[1:-1])
        except ValueError:
            return "The text in brackets is not an IPv6 address."
    elif host.rpartition(".")[2].isdecimal():
        try:
            ipaddress.IPv4Address(host)
        except ValueError:
            return "A host that ends with a number must be an IPv4 address, and this is not one."
    return ""


def digest(text: str) -> str:
    """Return `text` if it is a complete sha256 digest, else raise ConfigurationError."""
    if not _DIGEST.fullmatch(text):
        raise ConfigurationError(
            f"{text!r} is not a digest.",
            why="A digest is 'sha256:' and 64 lower-case hexadecimal digits.",
            next_step="Copy it from `invoke registry.inspect`.",
        )
    return text


def platform(text: str) -> str:
    """Return the full name of a platform: `amd64` and `linux/amd64` are both `linux/amd64`.

    Raises ConfigurationError for one that the pipeline does not build for.
    """
    full = text if "/" in text else f"linux/{text}"
    if full not in PLATFORMS:
        # `linux/` is the same in all of them and says nothing about what was meant.
        near = find_nearest(full.rpartition("/")[2], map(architecture, PLATFORMS))
        hint = f" Did you mean 'linux/{near}'?" if near else ""
        raise ConfigurationError(
            f"Unknown platform {text!r}.{hint}",
            why=f"Supported platforms are {' and '.join(PLATFORMS)}.",
            next_step="Name one or both, as in --platforms=amd64,arm64.",
        )
    return full


def architecture(platform: str) -> str:
    """Return what a Dockerfile calls the machine of a platform: amd64 of linux/amd64."""
    return platform.partition("/")[2]


def platforms(text: str) -> tuple[str, ...]:
    """Return the platforms of a comma-separated list, in order and without repetition.

    Raises ConfigurationError for an unknown platform and an empty list.
    """
    found = tuple(dict.fromkeys(platform(part.strip()) for part in text.split(",") if part.strip()))
    if not found:
        raise ConfigurationError(
            "No platform was specified.",
            next_step="Name one or both, as in --platforms=amd64,arm64.",
        )
    return found


def tag(text: str) -> str:
    """Return `text` if a registry takes it as a tag, else raise ConfigurationError."""
    if not _TAG.fullmatch(text):
        raise ConfigurationError(
            f"{text!r} is not a valid tag.",
            why="A tag has up to 128 letters, digits, '_', '.' and '-', and does not begin "
            "with '.' or '-'.",
        )
    return text


def version_tag(version: str) -> str:
    """Return the tag of a version, without the `+` of a local version; or ConfigurationError."""
    return tag(version.replace("+", "-"))


def _near(name: str) -> str:
    """Return the right name of a repository that is nearest to a wrong one."""
    parts = [re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-") for part in name.split("/")]
    return "/".join(filter(None, parts)) or "app"


class _RepositoryParts(NamedTuple):
    registry: str
    name: str


class Repository(_RepositoryParts):
    """A repository of a registry: `localhost:5000` and `towpath/dashboard`."""

    # No dataclass, here and in what a copy of an image needs: importing `dataclasses` takes longer
    # than the copy itself.
    __slots__ = ()

    def __new__(cls, registry: str, name: str) -> Self:
        """Take a registry and a name; raises ConfigurationError if one is invalid."""
        if why := _no_registry(registry):
            shown = _PASSWORD.sub("***@", registry)
            raise ConfigurationError(
                f"{shown!r} is not a valid registry.",
                why=why,
                next_step="Write it as 'registry.example.com' or 'localhost:5000'.",
            )
        if not _REPOSITORY.fullmatch(name):
            raise ConfigurationError(
                f"{name!r} is not a valid repository name.",
                why="It consists of lower-case letters and digits, with '.', '_', '-' and "
                "'/' between them.",
                next_step=f"For example: {_near(name)!r}.",
            )
        return super().__new__(cls, registry, name)

    def __str__(self) -> str:
        return f"{self.registry}/{self.name}"

    @property
    def is_loopback(self) -> bool:
        """Whether the registry is on this machine, where plain HTTP is no risk."""
        match = _REGISTRY.fullmatch(self.registry)
        return is_loopback(match["host"] if match else "")

    def at(self, digest_: str) -> str:
        """Return the reference by digest; raises ConfigurationError if it is none."""
        return f"{self}@{digest(digest_)}"

    def tagged(self, tag_: str) -> str:
        """Return the reference by tag; raises ConfigurationError for an invalid tag."""
        return f"{self}:{tag(tag_)}"


def parse_reference(reference: str) -> tuple[Repository, str]:
    """Split a complete reference into repository and tag or digest; or ConfigurationError."""
    name, at, wanted = reference.partition("@")
    if at:
        digest(wanted)
    else:
        name, _, wanted = reference.rpartition(":")
        tag(wanted)
    registry, slash, path = name.partition("/")
    if not slash:
        raise ConfigurationError(
            f"{reference!r} is not a complete reference.",
            next_step="Write registry, name, and a tag or digest, as in "
            "localhost:5000/team/app:built.",
        )
    return Repository(registry, path), wanted
