"""`python -m tools.package`: build the package, check it, and run it in an empty environment."""

from __future__ import annotations

import argparse
import shutil
import subprocess  # nosec B404: argv lists only
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
PINS = "towpath/pins/"
# What a project needs that no import would miss.
SCRIPTS = "towpath/rendering/templates/docker"
NEEDED = (
    *("towpath/py.typed", f"{PINS}ci.txt", f"{PINS}linters.txt", f"{PINS}pytest.txt"),
    *(f"{SCRIPTS}/dependencies/resolve.sh", f"{SCRIPTS}/system/hide_files.sh"),
    f"{SCRIPTS}/wheel/build.sh",
)
MANAGE = """\
import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
from django.core.management import execute_from_command_line

execute_from_command_line(sys.argv)
"""
SETTINGS = 'INSTALLED_APPS = []\nROOT_URLCONF = "shop.urls"\nDATABASES = {}\n'


def run(*argv: str, cwd: Path = ROOT, code: int = 0) -> str:
    """Run a command, and return what it wrote; any other exit code than `code` ends the program."""
    print(f"$ {' '.join(argv)}", flush=True)
    ended = subprocess.run(  # nosec B603: argv lists of this module
        argv, cwd=cwd, capture_output=True, text=True, check=False
    )
    if ended.returncode != code:
        sys.exit(f"{ended.stdout}{ended.stderr}exit code {ended.returncode}, not {code}")
    return ended.stdout


def build() -> Path:
    """Build the source distribution, and from it the wheel; return the wheel."""
    shutil.rmtree(DIST, ignore_errors=True)
    # The build backend is one of the session's pins.
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(DIST))
    (wheel,) = DIST.glob("*.whl")
    return wheel


def missing(names: Sequence[str]) -> list[str]:
    """Return the files of this checkout that a wheel with these names lacks."""
    tracked = run("git", "ls-files", "towpath").splitlines()
    return sorted({*tracked, *NEEDED} - set(names))


def check(wheel: Path) -> None:
    """Check metadata and contents of what was built; a missing file ends the program."""
    (source,) = DIST.glob("*.tar.gz")
    run(sys.executable, "-m", "twine", "check", "--strict", str(wheel), str(source))
    # W002: pins of tools are alike. W009: towpath is the only package at the top.
    run("check-wheel-contents", "--ignore=W002", str(wheel))
    with zipfile.ZipFile(wheel) as archive:
        if lacking := missing(archive.namelist()):
            sys.exit(f"The wheel lacks {', '.join(lacking)}.")
    with tarfile.open(source) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
        wanted = run("git", "ls-files", "towpath", "README.md", "LICENSE").splitlines()
        if lacking := sorted(set(wanted) - set(names)):
            sys.exit(f"The source distribution lacks {', '.join(lacking)}.")


def install(wheel: Path, place: Path) -> Path:
    """Install the wheel into an empty environment, and return the directory of its programs."""
    run(sys.executable, "-m", "uv", "venv", "--quiet", "--python", sys.executable, str(place))
    python = str(place / "bin/python")
    run(sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", python, str(wheel))
    return place / "bin"


def try_out(programs: Path, project: Path) -> None:
    """Run the package in a small project, as a stranger would."""
    (project / "shop").mkdir(parents=True)
    (project / "manage.py").write_text(MANAGE)
    (project / "shop/settings.py").write_text(SETTINGS)
    towpath = [str(programs / "python"), "-m", "towpath"]
    run(*towpath, "--help", cwd=project)
    print(run(str(programs / "towpath"), "--version", cwd=project), end="")
    run(*towpath, "init", "--check", cwd=project, code=4)
    run(*towpath, "init", cwd=project)
    run(*towpath, "init", "--check", cwd=project)
    run(str(programs / "invoke"), "--list", cwd=project)
    print(run(str(programs / "nox"), "--list", cwd=project), end="")


def main() -> int:
    """Do all of it; the distributions stay in dist/.

    With `--version=X` the package must have that version, as the tag that publishes it says.
    """
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--version", default="")
    wanted = parser.parse_args().version
    wheel = build()
    if wanted and f"-{wanted}-" not in wheel.name:
        sys.exit(f"{wheel.name} is not of version {wanted}.")
    check(wheel)
    with tempfile.TemporaryDirectory() as scratch:
        try_out(install(wheel, Path(scratch, "environment")), Path(scratch, "project"))
    print(f"{wheel.relative_to(ROOT)}: complete, and it runs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
