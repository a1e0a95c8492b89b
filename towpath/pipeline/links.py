"""Where a run, its commit and its files can be looked at on the web. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

# Where a commit and a file are on a host of repositories, by the beginning of the host's name.
_HOSTS = {
    "github": ("commit/{commit}", "blob/{commit}/{path}#L{line}"),
    "gitlab": ("-/commit/{commit}", "-/blob/{commit}/{path}#L{line}"),
    "codeberg": ("commit/{commit}", "src/commit/{commit}/{path}#L{line}"),
    "bitbucket": ("commits/{commit}", "src/{commit}/{path}#lines-{line}"),
}
# Characters of an address in a report; a longer one is left out.
LONGEST = 2000


@dataclass(frozen=True)
class Links:
    """Addresses of the run, its commit and its files; empty where they are unknown.

    `base` is the address of the repository's pages, `commit_id` the commit of the run.
    """

    run: str = ""
    base: str = ""
    commit_id: str = ""

    @property
    def commit(self) -> str:
        """The address of the commit's page."""
        return self._of(0)

    def file(self, path: str, line: int = 0) -> str:
        """Return the address of a line of a file; empty where it is unknown."""
        return self._of(1, path=quote(path), line=line or 1)

    def as_json(self) -> dict[str, str]:
        """Return the links of a report: those that are known, by what they lead to."""
        rows = {"run": self.run, "commit": self.commit}
        return {name: url for name, url in rows.items() if url and len(url) <= LONGEST}

    def _of(self, number: int, **names: object) -> str:
        host = (urlsplit(self.base).hostname or "").split(".")[0]
        if host not in _HOSTS:
            return ""
        return f"{self.base}/{_HOSTS[host][number].format(commit=self.commit_id, **names)}"


def links(remote: str, commit: str, run: str) -> Links:
    """Return the links for a repository's remote, as it may be shown, and a run's address.

    Only http and https addresses become links: what else stands there is somebody's text.
    """
    parts = urlsplit(remote)
    path = parts.path.removesuffix("/").removesuffix(".git")
    base = f"https://{parts.hostname}{path}" if parts.hostname and path else ""
    return Links(_web(run), base, commit)


def of_report(document: Mapping[str, object]) -> dict[str, str]:
    """Return the addresses of the CI run and the commit in a report; empty where it has none."""
    found = document.get("links")
    rows = found if isinstance(found, Mapping) else {}
    return {name: _web(str(rows.get(name, ""))) for name in ("run", "commit")}


def _web(address: str) -> str:
    try:
        return address if urlsplit(address).scheme in ("http", "https") else ""
    except ValueError:
        return ""
