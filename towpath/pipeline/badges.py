"""Badges: small pictures of what a run found, for a README or a wiki. Pure.

Each is an SVG of its own, without a font or an address from elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from html import escape
from typing import Any

from towpath.core import markup

# White text on each of these has a contrast of more than 4.5 to 1.
COLOURS = {"passed": "#116329", "failed": "#a40e26", "errored": "#7d4e00"}
LABEL, UNKNOWN = "#3d444d", "#57606a"
# Pixels of a letter, on average, and on each side of a text.
LETTER, SIDE, HEIGHT = 6.6, 6, 20
# Characters of a text; the title has all of it.
LONGEST = 40
# The stages that put a release into an environment have names that begin with this.
DEPLOYS = "deploy"


def of_run(document: Mapping[str, Any], environments: Collection[str]) -> dict[str, str]:
    """Return the badges that a run changes, by name of file: `run`, `coverage`, `version-NAME`.

    The version of an environment is there only if this run deployed to it. `environments` are those
    of the project: a report is a file that anybody may have written, and names no other file.
    """
    stages: Mapping[str, Any] = document["stages"]
    test = stages.get("test", {})
    coverage, status = test.get("coverage"), str(test.get("status", ""))
    known = isinstance(coverage, int | float)
    found = {
        "run": badge(str(document["branch"]), str(document["status"]), str(document["status"])),
        "coverage": badge(
            "coverage", f"{coverage:.1f} %" if known else "not measured", status if known else ""
        ),
    }
    for name, stage in stages.items():
        if name.partition("-")[0] == DEPLOYS and stage["status"] == "passed":
            environment = str(stage.get("environment", ""))
            if environment in environments:
                found |= of_environment(environment, str(document["version"]))
    back = stages.get("monitor", {})
    if back.get("rolled_back") and back.get("environment") in environments:
        found |= of_environment(str(back["environment"]), str(back["rolled_back"]))
    return found


def of_environment(environment: str, version: str) -> dict[str, str]:
    """Return the badge of the version that an environment runs, by name of file."""
    return {f"version-{environment}": badge(environment, version, "passed")}


def badge(label: str, value: str, status: str) -> str:
    """Return a badge; `status` is that of a stage or run, and gives the colour."""
    title = escape(f"{markup.visible(label)}: {markup.visible(value)}")
    left, right = _shortened(label), _shortened(value)
    first, second = _width(left), _width(right)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{first + second}" height="{HEIGHT}"'
        f' role="img" aria-label="{title}"><title>{title}</title>'
        f'<rect width="{first}" height="{HEIGHT}" fill="{LABEL}"/>'
        f'<rect x="{first}" width="{second}" height="{HEIGHT}"'
        f' fill="{COLOURS.get(status, UNKNOWN)}"/>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f"{_text(left, 0, first)}{_text(right, first, second)}</g></svg>\n"
    )


def _text(text: str, start: int, width: int) -> str:
    inner = width - 2 * SIDE
    return (
        f'<text x="{start + SIDE}" y="14" textLength="{inner}" lengthAdjust="spacingAndGlyphs">'
        f"{escape(text)}</text>"
    )


def _width(text: str) -> int:
    return round(len(text) * LETTER) + 2 * SIDE


def _shortened(text: str) -> str:
    plain = markup.visible(text)
    return plain if len(plain) <= LONGEST else f"{plain[: LONGEST - 1]}…"
