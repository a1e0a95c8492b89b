"""`[tool.towpath.environments.NAME.tls]`: how an environment answers by https. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from towpath.config.toml_values import section, wrong
from towpath.core.errors import ConfigurationError

HTTPS, HTTP = 443, 80
_PORTS = range(65536)


@dataclass(frozen=True)
class TlsSettings:
    """The certificate with its chain and its key, as PEM files of the machine that deploys.

    `port` is that of https, `redirect` one that answers http with the address by https, 0 for none.
    `hsts` is for how many seconds browsers may use https only, 0 for no such header.
    """

    certificate: str = ""
    key: str = ""
    port: int = HTTPS
    redirect: int = HTTP
    hsts: int = 0

    @property
    def suffix(self) -> str:
        """What comes after the host in an address by https."""
        return "" if self.port == HTTPS else f":{self.port}"


def read_tls(table: Any, where: str) -> TlsSettings:
    """Return how an environment answers by https.

    `where` names the table in a message. Raises ConfigurationError for an unknown key, a missing
    file and ports that cannot be.
    """
    found = TlsSettings(**section(table, TlsSettings, where))
    for name in ("certificate", "key"):
        if not getattr(found, name):
            raise ConfigurationError(
                f"{where}.{name} in pyproject.toml is missing.",
                next_step=f'For example: {name} = "/etc/ssl/shop/{name}.pem"',
            )
    if found.port not in _PORTS[1:] or found.redirect not in _PORTS or found.port == found.redirect:
        raise wrong(where, "a port and another one to redirect from, up to 65535", found)
    return found
