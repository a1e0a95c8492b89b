"""How a session of Nox is started."""

from __future__ import annotations

import sys

import pytest

from towpath.checks import nox_commands as nox


@pytest.mark.parametrize(("fresh", "more"), [(False, []), (True, ["--", "--fresh"])])
def test_a_session_runs_on_our_python(fresh: bool, more: list[str]) -> None:
    """A Python that is missing is judged, not stumbled over; `--fresh` goes to the session."""
    argv = nox.workspace("lint", fresh=fresh)

    assert argv[:3] == [sys.executable, "-m", "nox"]
    assert "--no-error-on-missing-interpreters" in argv
    assert argv[argv.index("-s") :] == ["-s", "lint", *more]
