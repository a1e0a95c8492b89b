"""What pytest-benchmark measured: each path's time as a multiple of a reference's, never seconds.

Path and reference are measured in turns in one process, so that the multiple is a property of the
code and the Python, not of the machine. The baseline keeps those multiples for each Python.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from towpath.core.errors import NothingToJudgeError
from towpath.core.findings import document, unread

TOOL = "pytest-benchmark"
RENEW = "Renew the baseline and have it reviewed: nox -s performance -- --renew"


@dataclass(frozen=True)
class Benchmarks:
    """Multiples of the reference by the path's name; `measure` names the reference's very code."""

    ratios: Mapping[str, float]
    measure: str


def read_benchmark(text: str) -> Benchmarks:
    """Return what a report of pytest-benchmark says.

    Raises NothingToJudgeError if it is empty, broken or half, if a path has no time of its own or
    of the reference, or if two paths were measured against different references.
    """
    rows = document(TOOL, text).get("benchmarks")
    if not isinstance(rows, list) or not rows:
        raise unread(TOOL, "It measured nothing.")
    try:
        ratios = {str(row["name"]): _ratio(row) for row in rows}
        measures = {str(row["extra_info"]["measure"]) for row in rows}
    except (KeyError, TypeError, ValueError) as error:
        raise unread(TOOL, f"Its report lacks or spoils {error}.") from error
    if len(ratios) != len(rows) or len(measures) != 1:
        raise unread(TOOL, "It has two paths of one name, or more than one reference.")
    return Benchmarks(ratios, measures.pop())


def slowdowns(measured: Benchmarks, baseline: str, python: str) -> dict[str, float]:
    """Return how many times slower than in the baseline each path is; below 1 is faster.

    Raises NothingToJudgeError if the baseline has other paths, another reference, or nothing for
    this Python (such as `3.12`): what is not comparable is not judged.
    """
    kept = document("the baseline", baseline)
    if kept.get("measure") != measured.measure:
        raise _stale("It was measured against another reference than this one.")
    pythons = kept.get("pythons")
    before = pythons.get(python) if isinstance(pythons, dict) else None
    if not isinstance(before, dict):
        raise _stale(f"It has nothing for Python {python}.")
    if odd := sorted(set(before) ^ set(measured.ratios)):
        raise _stale(f"It and what was measured do not have the same paths: {', '.join(odd)}.")
    try:
        return {name: ratio / _positive(before[name]) for name, ratio in measured.ratios.items()}
    except (TypeError, ValueError) as error:
        raise _stale(str(error)) from error


def renewed(measured: Benchmarks, baseline: str, python: str) -> str:
    """Return the baseline's text with what was measured on this Python.

    What it has of other Pythons stays, unless it was measured against another reference.
    """
    kept = document("the baseline", baseline) if baseline.strip() else {}
    same = kept.get("measure") == measured.measure
    pythons: dict[str, Any] = dict(kept["pythons"]) if same else {}
    pythons[python] = {name: round(ratio, 3) for name, ratio in measured.ratios.items()}
    new = {"measure": measured.measure, "pythons": pythons}
    return json.dumps(new, indent=1, sort_keys=True) + "\n"


def _ratio(row: Mapping[str, Any]) -> float:
    """Return the shortest round of a path over the shortest of the reference."""
    return _positive(row["stats"]["min"]) / _positive(row["extra_info"]["reference"])


def _positive(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"a time that is {value!r}")
    if not math.isfinite(value) or value <= 0:
        raise ValueError(f"a time that is {value!r}")
    return float(value)


def _stale(why: str) -> NothingToJudgeError:
    return NothingToJudgeError(
        "The baseline of the performance tests does not fit.", why=why, next_step=RENEW
    )
