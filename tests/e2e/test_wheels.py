"""Dependencies without a wheel: made for both platforms on one machine, and paid once."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from tests.e2e.conftest import Ended, invoke, run

WANTED = ("psycopg[c]>=3.2", "uwsgi", "libsass", "oncalendar", "mysqlclient")
PACKAGES = """
[tool.towpath.image]
build-packages = ["libpq-dev", "libmariadb-dev"]
run-packages = ["libpq5", "libmariadb3", "libpython3.13"]
# Whether or not this machine's registry has a password.
registry-wheels = "always"
"""
SCRIPT = """
import subprocess, MySQLdb, oncalendar, psycopg, sass
assert psycopg.pq.__impl__ == "c"
assert sass.compile(string="a{b{c:d}}").split() == ["a", "b", "{", "c:", "d;", "}"]
assert oncalendar.OnCalendar.__name__ and MySQLdb.get_client_info()
print(subprocess.run(["uwsgi", "--version"], capture_output=True, text=True, check=True).stdout)
"""


@pytest.fixture
def product(checkout: Callable[[], Path]) -> Path:
    """Return a checkout whose product needs five packages that have no wheel for each platform."""
    target = checkout()
    file = target / "requirements" / "production.in"
    file.write_text(file.read_text().replace("psycopg[binary]>=3.2", "\n".join(WANTED)))
    compiled = run(
        target,
        *(sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal"),
        *("--generate-hashes", "--python-version=3.11", str(file)),
        *("--output-file", str(file.with_suffix(".txt"))),
    )
    assert compiled.code == 0, compiled.said
    with (target / "pyproject.toml").open("a") as stream:
        stream.write(PACKAGES)
    return target


def build(target: Path, state: str) -> Ended:
    """Build and push for both platforms, on a machine that keeps its things there."""
    settings = {"TOWPATH_REPOSITORY": f"e2e/{target.parent.name[:40]}", "CI": ""}
    ended = invoke(target, "build", TOWPATH_STATE=str(target.parent / state), **settings)
    assert ended.code == 0, ended.said
    return ended


def ways(ended: Ended) -> dict[tuple[str, str], str]:
    """Return how the wheel of each package for each platform came to be, as the build says it."""
    how = r"pure Python|native|cross-compiled|emulated"
    row = re.compile(rf"^  (\S+) \S+ for linux/(\S+): ((?:reused \()?(?:{how})), ", re.M)
    return {(name, platform): way for name, platform, way in row.findall(ended.said)}


def test_five_packages_are_made_once_and_run_on_both_platforms(product: Path) -> None:
    """Pure, native and across; the next build and the next machine take what was made."""
    first = build(product, "state")

    made = ways(first)
    assert {made["oncalendar", name] for name in ("amd64", "arm64")} == {"pure Python"}
    for name in ("psycopg-c", "uwsgi", "mysqlclient"):
        assert (made[name, "amd64"], made[name, "arm64"]) == ("native", "cross-compiled")
    # There is a wheel of it for amd64.
    assert ("libsass", "amd64") not in made and made["libsass", "arm64"] == "cross-compiled"
    image = first.out.split()[-1]
    for platform in ("linux/amd64", "linux/arm64"):
        argv = ("docker", "run", "--rm", "--read-only", f"--platform={platform}", image)
        ended = run(product, *argv, "python", "-c", SCRIPT)
        assert ended.code == 0, ended.said
        assert re.fullmatch(r"\d+\.\d+\.\d+", ended.out.strip())

    for state in ("state", f"other-{uuid4().hex[:6]}"):
        again = build(product, state)
        assert ways(again) == {key: f"reused ({how}" for key, how in made.items()}
        assert again.out.split()[-1] == image
