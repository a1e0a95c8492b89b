"""The pages of the last runs: `reports/runs/<id>/`, and one index of them, `reports/index.html`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from towpath.config import Config
from towpath.config.workspace import Workspace
from towpath.core import documents, files
from towpath.core.files import read_bounded
from towpath.core.redaction import SECRETS
from towpath.pipeline import badges, page, page_data, run_metrics
from towpath.pipeline.links import Links, of_report
from towpath.pipeline.run import find_links

# How many runs keep their page, and bytes of a report that the index reads.
PAGES = 20
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
    files.write_atomically(folder / "report.html", as_bytes(html))
    files.write_atomically(config.reports / "report.html", as_bytes(html))
    figures = SECRETS.text(run_metrics.text(SECRETS.document(document), data.statements))
    files.write_atomically(config.reports / "metrics.prom", figures.encode())
    _write_badges(config, SECRETS.document(document))
    runs = _keep(config.reports / "runs")
    files.write_atomically(config.reports / "index.html", as_bytes(page.index(runs)))
    return folder / "report.html"


def as_bytes(html: str) -> bytes:
    """Return a page as bytes; half of a pair of surrogates is no character, and is shown as one."""
    return html.encode("utf-8", "backslashreplace")


def _write_badges(config: Config, document: Mapping[str, Any]) -> None:
    """Write the badges that this run changes; those of environments it left alone stay."""
    for name, picture in badges.of_run(document, config.environments).items():
        files.write_atomically(config.reports / "badges" / f"{name}.svg", picture.encode())


def try_version_badge(workspace: Workspace, environment: str, version: str) -> None:
    """Write the badge of the version that an environment runs; a failure is only a warning."""
    folder = workspace.config.reports / "badges"
    try:
        for name, picture in badges.of_environment(environment, SECRETS.text(version)).items():
            files.write_atomically(folder / f"{name}.svg", picture.encode())
    except OSError as error:
        workspace.terminal.warn(f"The badge of {environment} was not written: {error}")


def _links(workspace: Workspace, document: Mapping[str, Any]) -> Links:
    """Return the links of a run; the report knows the CI run that it is of."""
    found = find_links(workspace, document["commit"])
    return replace(found, run=of_report(document)["run"]) if "links" in document else found


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
    for _, place, _ in found[PAGES:]:
        shutil.rmtree(place, ignore_errors=True)
    return [document for _, _, document in found[:PAGES]]
