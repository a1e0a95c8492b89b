"""Run it: `python -m benchmarks.tests [--rounds=3] [PATH...]`, after `nox -s tests --install-only`.

| case | is |
|---|---|
| usual | one Python after another, one process, a new database made by its migrations |
| ours | one after another, as `nox -s tests` does: xdist, tables from models, kept database |
| together | all Pythons at once, each in one process, tables from models, kept database |

Each measures coverage with branches, as the session does.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.timing import Goal, Times, answered, report
from towpath.checks.tests import tests_commands as testing
from towpath.core.errors import ConfigurationError
from towpath.core.runner import Outcome, Runner
from towpath.source import matrix as pythons
from towpath.tasks.context import workspace

# As [tool.towpath.tests] has it: tables are made from the models, and kept.
TABLES = ("--reuse-db", "--no-migrations")
ALONE = ("-p", "no:xdist")
CASES = {
    "usual": (*ALONE, "--create-db", "--migrations"),
    "ours": (*testing.PARALLEL, *TABLES),
    "together": (*ALONE, *TABLES),
}


def interpreters() -> dict[str, str]:
    """Return the Python of each environment of the tests that is there."""
    config = workspace().config
    places = {
        name: config.root / ".nox" / f"tests-{name.replace('.', '-')}" / "bin" / "python"
        for name in pythons.supported(config)
    }
    found = {name: str(place) for name, place in places.items() if place.is_file()}
    if not found:
        raise ConfigurationError(
            "The tests have no environments yet.", next_step="nox -s tests --install-only"
        )
    return found


def run_all(
    runner: Runner, case: str, found: Mapping[str, str], paths: Sequence[str]
) -> list[Outcome]:
    """Run the tests on every Python; raises CommandFailedError if one does not pass."""
    abreast = len(found) if case == "together" else 1
    with TemporaryDirectory() as place, ThreadPoolExecutor(abreast) as pool:

        def run(python: str) -> Outcome:
            argv = testing.pytest(
                found[python], ["-q", *CASES[case], *paths], junit=f"{place}/{python}.xml"
            )
            # A directory of its own: pytest tidies up what another one at this time still has.
            temporary = Path(place, python)
            temporary.mkdir()
            own = {"COVERAGE_FILE": f"{place}/data-{python}"}
            return runner.run(argv, env={**own, "PYTEST_DEBUG_TEMPROOT": str(temporary)})

        return list(pool.map(run, found))


def main(argv: Sequence[str]) -> int:
    """Take the cases in turns and report them; an error's own code if the tests do not pass."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tests", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("paths", nargs="*", metavar="PATH", help="only these tests")
    chosen = parser.parse_args(argv)
    tools = workspace()
    runner = Runner(tools.terminal, env=os.environ, cwd=tools.config.root)
    times, names = Times(tools.terminal), list(CASES)
    found = interpreters()
    for turn in range(chosen.rounds):
        # Each comes first once: what the first one warms is not for the others alone.
        for case in (*names[turn % 3 :], *names[: turn % 3]):
            times.take(case, partial(run_all, runner, case, found, chosen.paths))
    usual = times.median("usual")
    goals = [
        Goal("ours / usual", times.median("ours") / usual, "<=", 0.75),
        Goal("together / usual", times.median("together") / usual, "<=", 0.75),
    ]
    tools.terminal.data(str(report("tests", times, goals)))
    return 0 if goals[0].held else 1


if __name__ == "__main__":
    sys.exit(answered(main))
