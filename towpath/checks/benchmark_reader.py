"""Read a pytest-benchmark report: the time of each code path, as a multiple of a reference.

Path and reference are measured in turns in one process, so that the multiple depends on the code
and the Python version, not on the machine. The baseline has these multiples for each Python.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from towpath.core.errors import NothingToJudgeError
from towpath.core.findings import document, unexpected, unread

TOOL = "pytest-benchmark"
RENEW = "Update the baseline and have it reviewed: nox -s performance -- --renew"


@dataclass(frozen=True)
class Benchmarks:
    """Multiples of the reference by code path; `measure` is a hash of the reference's code."""

    ratios: Mapping[str, float]
    measure: str


def read_benchmark(text: str) -> Benchmarks:
    """Return the measurements of a pytest-benchmark report.

    Raises NothingToJudgeError if it is empty, malformed or incomplete, if a path or its reference
    has no time, or if two paths were measured against different references.
    """
    rows = document(TOOL, text).get("benchmarks")
    if not isinstance(rows, list) or not rows:
        raise unread(TOOL, "The report has no measurement.")
    try:
        ratios = {str(row["name"]): _ratio(row) for row in rows}
        measures = {str(row["extra_info"]["measure"]) for row in rows}
    except (KeyError, TypeError, ValueError) as error:
        raise unexpected(TOOL, error) from error
    if len(ratios) != len(rows) or len(measures) != 1:
        raise unread(
            TOOL, "The report has two paths with the same name, or more than one reference."
        )
    return Benchmarks(ratios, measures.pop())


def slowdowns(measured: Benchmarks, baseline: str, python: str) -> dict[str, float]:
    """Return how many times slower than in the baseline each path is; below 1 is faster.

    `python` is a version such as `3.12`. Raises NothingToJudgeError if the baseline has other
    paths, another reference, or no entry for this Python.
    """
    kept = document("the baseline", baseline)
    if kept.get("measure") != measured.measure:
        raise _stale("It was measured against another reference.")
    pythons = kept.get("pythons")
    before = pythons.get(python) if isinstance(pythons, dict) else None
    if not isinstance(before, dict):
        raise _stale(f"It has no entry for Python {python}.")
    if odd := sorted(set(before) ^ set(measured.ratios)):
        raise _stale(
            f"These paths are only in the baseline or only in the measurement: {', '.join(odd)}."
        )
    try:
        return {name: ratio / _positive(before[name]) for name, ratio in measured.ratios.items()}
    except (TypeError, ValueError) as error:
        raise _stale(str(error)) from error


def renewed(measured: Benchmarks, baseline: str, python: str) -> str:
    """Return the text of the baseline, updated with the measurements on this Python.

    Entries of other Pythons stay, unless they were measured against another reference. Raises
    NothingToJudgeError for a baseline that is not a JSON object.
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
        raise TypeError(f"invalid time {value!r}")
    if not math.isfinite(value) or value <= 0:
        raise ValueError(f"invalid time {value!r}")
    return float(value)


def _stale(why: str) -> NothingToJudgeError:
    return NothingToJudgeError(
        "The baseline of the performance tests cannot be compared.", why=why, next_step=RENEW
    )
