"""The pages of the last runs: `reports/runs/<id>/`, and one index of them, `reports/index.html`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from towpath.config.workspace import Workspace
from towpath.core import documents, files, remotes
from towpath.core.files import read_bounded
from towpath.core.redaction import SECRETS
from towpath.pipeline import page, page_data
from towpath.pipeline.page import Links
from towpath.source import git

# How many runs keep their page, and bytes of a report that the index reads.
KEPT = 20
LIMIT = 8 << 20


def write_page(workspace: Workspace, document: Mapping[str, Any]) -> Path:
    """Write the page of a run and the index of all, and return where the page is.

    Secrets that the process knows are hidden. Raises OSError where the disk takes nothing.
    """
    config = workspace.config
    data = page_data.collect(config, document)
    html = SECRETS.text(page.render(SECRETS.document(document), data, _links(workspace, document)))
    folder = config.reports / "runs" / str(document["run"])
    report = json.dumps(SECRETS.document(document), indent=2).encode()
    files.write_atomically(folder / "report.json", report + b"\n")
    files.write_atomically(folder / "report.html", html.encode())
    files.write_atomically(config.reports / "report.html", html.encode())
    runs = _keep(config.reports / "runs")
    files.write_atomically(config.reports / "index.html", page.index(runs).encode())
    return folder / "report.html"


def _links(workspace: Workspace, document: Mapping[str, Any]) -> Links:
    """Return links into the repository's pages and the CI run, where they are known."""
    remote = workspace.runner.run(git.remote_url(), check=False).stdout
    run = workspace.config.ci
    return page.links(remotes.shown(remote), document["commit"], run.url if run else "")


def _keep(folder: Path) -> list[Mapping[str, Any]]:
    """Return the reports of the newest runs, newest first; what is older or unreadable goes."""
    found = []
    for place in folder.iterdir():
        try:
            document = documents.loads(read_bounded(place / "report.json", LIMIT))
            found.append((str(document["timestamp"]), place, document))
        except (OSError, ValueError, KeyError, TypeError):
            shutil.rmtree(place, ignore_errors=True)
    found.sort(key=lambda row: row[:2], reverse=True)
    for _, place, _ in found[KEPT:]:
        shutil.rmtree(place, ignore_errors=True)
    return [document for _, _, document in found[:KEPT]]
