"""The certificate of an environment's proxy: checked, put where it reads it, and reloaded."""

from __future__ import annotations

import ssl
from pathlib import Path

from towpath.config.tls import TlsSettings
from towpath.core.errors import CommandFailedError, ConfigurationError
from towpath.core.files import read_bounded
from towpath.environments.environment import Site
from towpath.environments.state.volume import PROXY

# Below the directory that the proxy's container mounts.
DIRECTORY = "tls"
INSIDE = f"{DIRECTORY}/site.pem"
# Bytes of a certificate with its chain, or of a key.
LIMIT = 1 << 20
MODE = 0o444


def put(site: Site) -> bool:
    """Put the certificate and its key where the proxy reads them; tell whether they are new.

    Nothing is done without TLS. Raises ConfigurationError for files that are missing, that do not
    belong together, or that have a password.
    """
    settings = site.environment.tls
    if settings is None:
        return False
    pem = _read(site, settings)
    if site.state.read(f"{PROXY}/{INSIDE}") == pem:
        return False
    # The proxy reads it as another user; what keeps others away is the directory above.
    for directory in (PROXY, f"{PROXY}/{DIRECTORY}"):
        site.state.make_directory(directory, 0o755)
    site.state.write(f"{PROXY}/{INSIDE}", pem, MODE)
    return True


def reload(site: Site) -> bool:
    """Let the running proxy use the certificate of now; tell whether it is another one.

    No connection is closed: HAProxy replaces it in its memory. Raises ConfigurationError as `put`,
    and CommandFailedError if HAProxy refuses it.
    """
    if site.environment.tls is None:
        raise ConfigurationError(
            f"{site.name} has no TLS.",
            next_step=f"Set certificate and key in [tool.towpath.environments.{site.name}.tls].",
        )
    if not put(site):
        return False
    site.proxy.load_certificate(INSIDE)
    return True


def _read(site: Site, settings: TlsSettings) -> bytes:
    root = site.workspace.config.root
    files = [root / settings.certificate, root / settings.key]
    try:
        parts = [read_bounded(file, LIMIT).decode("ascii") for file in files]
        _require_pair(*files)
    except (OSError, ValueError, CommandFailedError) as error:
        raise ConfigurationError(
            f"Cannot use the certificate of {site.name}.",
            why=f"{settings.certificate} and {settings.key}: {error}",
            next_step="Both are PEM files, the key without a password and that of the certificate.",
        ) from error
    # A command of the runtime API ends at an empty line.
    lines = [line for part in parts for line in part.splitlines() if line.strip()]
    return ("\n".join(lines) + "\n").encode()


def _require_pair(certificate: Path, key: Path) -> None:
    """Raise ssl.SSLError, an OSError, where a key is not that of the certificate."""

    def password() -> str:
        raise ValueError("the key has a password")

    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password)
