"""The keys of what a check lets through, and what it reads."""

from __future__ import annotations

import datetime as dt

from tools.reference.keys.schemas import TEXT, TEXTS, VARIABLES, limit
from tools.reference.table import Key, Table
from towpath import gates
from towpath.config import (
    CHECKS,
)
from towpath.config.waivers import Waiver

TABLES = (
    Table(
        "waivers",
        "Reviewed exceptions. An expired one ends every command with exit code 2.",
        (
            Key(
                "id",
                {"type": "string", "minLength": 1},
                "What is accepted: a gate, an advisory such as `CVE-2026-12345`, a hazard of a"
                " migration, or a source of advisories as `SOURCE:address`.",
                "CVE-2026-12345",
            ),
            Key(
                "reason",
                {"type": "string", "minLength": 1},
                "Why it is accepted.",
                "the function is never called",
            ),
            Key(
                "expires",
                {"type": "string", "format": "date"},
                "The last day on which it counts, without quotes.",
                dt.date(2999, 1, 31),
            ),
        ),
        Waiver,
        is_list=True,
    ),
    Table(
        "gates",
        "Limits of the project's own. A limit may only be stricter than the one in the"
        " [table of gates](../gates.md).",
        tuple(
            Key(
                rule.code,
                limit(rule),
                f"Limit of the gate `{rule.code}`: {rule.meaning}.",
                rule.limit,
            )
            for rule in gates.known()
        )
        + (
            Key(
                "baseline",
                TEXT,
                "The file with the values that the project had when it came in, which may not get"
                " worse. See [linting](../../linting.md#baseline).",
                "towpath-baseline.json",
            ),
        ),
    ),
    Table(
        "variables",
        "Variables of the caller that a check, or the files in `compose/`, see besides the usual"
        " ones. A star at the end matches the rest of a name. See"
        " [reuse of evidence](../../evidence.md#reuse).",
        tuple(
            Key(
                name,
                VARIABLES,
                (
                    "Variables for the Compose files."
                    if name == "compose"
                    else f"Variables for the check `{name}`."
                ),
                ["SHOP_URL", "SHOP_FEATURE_*"],
            )
            for name in (*CHECKS, "compose")
        ),
    ),
    Table(
        "ignored",
        "Patterns of files that a check does not read, so that a change of these files alone does"
        " not make it run again. A test that opens one of them fails. See"
        " [reuse of evidence](../../evidence.md#reuse).",
        tuple(
            Key(name, TEXTS, f"Files that the check `{name}` does not read.", ["docs/", "*.md"])
            for name in CHECKS
        ),
    ),
)
