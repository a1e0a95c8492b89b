"""What import-linter says of contracts: every import that breaks one has a file and a line."""

from __future__ import annotations

import pytest

from towpath.checks.lint.readers.import_linter import read_import_linter
from towpath.core.errors import NothingToJudgeError
from towpath.core.findings import Finding, ToolResult

HEAD = """\

---------
Contracts
---------

Analyzed 4 files, 5 dependencies.
---------------------------------

"""
KEPT = (
    HEAD + "Layers KEPT (2 ignored imports, 1 warning)\nPure KEPT\n\nContracts: 2 kept, 0 broken.\n"
)
# As it was written for a project with a broken contract of each kind; `shop` is in no layer's way.
BROKEN = HEAD + """\
Layers BROKEN
Pure KEPT
Forbidden BROKEN
Circles BROKEN
Protected BROKEN

Contracts: 1 kept, 4 broken.


----------------
Broken contracts
----------------

Layers
------

a.low is not allowed to import a.high:

- a.low.x (l.3)
  & a.low.y -> a.mid (l.?)
  a.mid -> a.high.z (l.1, l.5)
           & a.high.w (l.6)

The following modules are not listed as layers:

- a.new

(Since this contract is marked as 'exhaustive', every child of every container must be declared.)

Forbidden
---------

a.low is not allowed to import requests:

-   a.low.x -> a.mid (l.7)
    a.mid -> requests (l.8)
-   a.low.y -> requests (l.9, l.10)

Circles
-------

No cycles are allowed in a.
It could be made acyclic by removing 1 dependency:

- .low -> .high (2 imports)

Protected
---------

Illegal imports of protected package subprocess:

- b.other -> subprocess (l.4, 5)

"""


def read(text: str, code: int) -> list[Finding]:
    """Return what is read from this text."""
    return read_import_linter(ToolResult(code, text, "", 1))


def test_contracts_that_are_kept_have_no_finding() -> None:
    """Ignored imports and warnings break none."""
    assert read(KEPT, 0) == []


def test_every_import_that_breaks_a_contract_is_a_finding() -> None:
    """On the module and line of the first import of its chain, else on the contracts."""
    circle = "No cycles are allowed in a. It could be made acyclic by removing 1 dependency:"

    assert read(BROKEN, 1) == [
        Finding("a.low.x", 3, "IMPORTS", "Layers: a.low.x -> a.mid -> a.high.z"),
        Finding("a.low.y", 0, "IMPORTS", "Layers: a.low.y -> a.mid -> a.high.z"),
        Finding(".importlinter", 0, "IMPORTS", "Layers: a.new is not listed as a layer"),
        Finding("a.low.x", 7, "IMPORTS", "Forbidden: a.low.x -> a.mid -> requests"),
        Finding("a.low.y", 9, "IMPORTS", "Forbidden: a.low.y -> requests"),
        Finding(".importlinter", 0, "IMPORTS", f"Circles: {circle} - .low -> .high (2 imports)"),
        Finding("b.other", 4, "IMPORTS", "Protected: b.other -> subprocess"),
    ]


@pytest.mark.parametrize(
    ("text", "code", "why"),
    [
        ("", 0, "It wrote nothing."),
        ("", 1, "It wrote nothing."),
        ("Could not read any configuration.\n", 1, "Could not read any configuration."),
        (
            '\nContract "Pure" is not configured correctly:\n    layers: A required field.\n',
            1,
            'Contract "Pure" is not configured correctly: layers: A required field.',
        ),
        (KEPT, 1, "It exited with code 1 and reported no findings."),
        (BROKEN, 0, "It exited with code 0 and reported findings."),
        (KEPT, 2, "It exited with code 2: Contracts: 2 kept, 0 broken."),
        (KEPT.replace("Pure KEPT\n", ""), 0, "It counted 2 contracts and named 1."),
        (KEPT.replace("2 kept", "0 kept").replace("KEPT", "?"), 0, "It named no contract."),
        (
            BROKEN[: BROKEN.index("Protected\n-")],
            1,
            "It has no details of the broken contract 'Protected'.",
        ),
        (
            BROKEN[: BROKEN.index("Illegal")],
            1,
            "It has no details of the broken contract 'Protected'.",
        ),
        (
            BROKEN.replace("\nCircles\n-------\n", "\n"),
            1,
            "It has no details of the broken contract 'Circles'.",
        ),
        (KEPT + KEPT, 0, "It counted the contracts 2 times."),
    ],
)
def test_what_does_not_add_up_is_no_verdict(text: str, code: int, why: str) -> None:
    """Neither a yes nor a no."""
    with pytest.raises(NothingToJudgeError) as caught:
        read(text, code)

    assert caught.value.why == why
