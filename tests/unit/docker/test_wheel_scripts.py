"""How a compiler is installed and a wheel built: the scripts, with an apt and a pip of the test."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.docker.scripts import DOCKER, calls, fake, run, written

pytestmark = pytest.mark.door

SETTINGS = """Acquire::Languages "none";
Acquire::GzipIndexes "true";
Acquire::CompressionTypes::Order { "gz"; };
"""
# bison serves every machine; of the others apt says nothing, or that they do not exist.
APT_CACHE = '[ "$3" != bison ] || echo "Multi-Arch: foreign"\n[ "$3" != absent ] || exit 100'
INSTALL = "apt-get install --quiet=2 --yes --no-install-recommends make pkg-config"


def compiler(tmp_path: Path, target: str, packages: str = "", compiled: str = "1") -> list[str]:
    """Install a compiler on amd64 with Python's headers; return what was called."""
    programs = fake(tmp_path / "programs", "dpkg", '[ "$1" != --print-architecture ] || echo amd64')
    fake(programs, "apt-get")
    fake(programs, "apt-cache", APT_CACHE)
    fake(programs, "python3", f"echo {tmp_path}/include")
    ended = run(
        "wheel/install_compiler.sh",
        programs=programs,
        COMPILED=compiled,
        TARGETARCH=target,
        PYTHON="3.13",
        PACKAGES=packages,
        APT_SETTINGS=str(tmp_path),
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return [line for line in calls(programs) if not line.startswith("python3")]


def test_without_a_compiler_nothing_is_installed(tmp_path: Path) -> None:
    """What is in pure Python needs none."""
    assert compiler(tmp_path, "arm64", compiled="") == []
    assert not (tmp_path / "towpath").exists()


def test_the_compiler_of_the_machine_itself(tmp_path: Path) -> None:
    """With Python's headers, where the image has none."""
    assert compiler(tmp_path, "amd64", "libpq-dev") == [
        "dpkg --print-architecture",
        "apt-get update --quiet=2",
        "apt-cache show --no-all-versions libpq-dev",
        f"{INSTALL} gcc g++ libc6-dev libpython3.13-dev libpq-dev",
    ]
    assert (tmp_path / "towpath").read_text() == SETTINGS


def test_the_compiler_for_another_machine(tmp_path: Path) -> None:
    """Libraries are the target's; what serves every machine runs on this one."""
    written(tmp_path, {"include/Python.h": ""})

    assert compiler(tmp_path, "arm64", "libpq-dev bison absent") == [
        "dpkg --print-architecture",
        "dpkg --add-architecture arm64",
        "apt-get update --quiet=2",
        "apt-cache show --no-all-versions libpq-dev",
        "apt-cache show --no-all-versions bison",
        "apt-cache show --no-all-versions absent",
        f"{INSTALL} gcc-aarch64-linux-gnu g++-aarch64-linux-gnu libc6-dev-arm64-cross"
        " libpq-dev:arm64 bison absent:arm64",
    ]


# pip writes what it sees of the variables, and its file of requirements.
PIP = """
for name in CFLAGS CXXFLAGS PIP_NO_CACHE_DIR CROSS_MACHINE CROSS_CFLAGS CROSS_LDFLAGS; do
    eval "echo $name=\\${$name-unset}"
done
for file; do :; done
cat "$file"
"""


def built(tmp_path: Path, target: str, compiled: str = "1") -> subprocess.CompletedProcess[str]:
    """Build a wheel on amd64; return what pip saw and how it ended."""
    programs = fake(tmp_path / "programs", "dpkg", "echo amd64")
    fake(programs, "pip", PIP)
    fake(programs, "python3", f"echo {tmp_path}/site")
    (tmp_path / "tmp").mkdir()
    return run(
        "wheel/build.sh",
        *(tmp_path / "target", tmp_path / "wheels"),
        programs=programs,
        PIN="thing==1.0",
        HASH="ab",
        COMPILED=compiled,
        TARGETARCH=target,
        PYTHON="3.99",
        TMPDIR=str(tmp_path / "tmp"),
    )


@pytest.mark.parametrize(("target", "compiled"), [("amd64", "1"), ("arm64", "")])
def test_a_wheel_for_the_machine_itself_or_for_all(
    target: str, compiled: str, tmp_path: Path
) -> None:
    """Built from its source, by its hash, without a cache and without symbols for a debugger."""
    ended = built(tmp_path, target, compiled)

    work = tmp_path / "tmp/towpath-wheel"
    assert (ended.returncode, ended.stderr) == (0, "")
    assert calls(tmp_path / "programs")[-1] == (
        "pip wheel --quiet --use-pep517 --no-deps --require-hashes --no-binary thing"
        f" --wheel-dir {tmp_path}/wheels --requirement {work}/pin.txt"
    )
    assert ended.stdout.splitlines() == [
        *("CFLAGS=-g0", "CXXFLAGS=-g0", "PIP_NO_CACHE_DIR=1"),
        *("CROSS_MACHINE=unset", "CROSS_CFLAGS=unset", "CROSS_LDFLAGS=unset"),
        "thing==1.0 --hash=sha256:ab",
    ]
    assert list((tmp_path / "wheels").iterdir()) == []
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize("headers", [True, False])
def test_a_wheel_for_another_machine(headers: bool, tmp_path: Path) -> None:
    """The target's build settings are found; its own headers and libraries go before Debian's."""
    settings = "usr/local/lib/python3.99/_sysconfigdata__aarch64-linux-gnu.py"
    written(tmp_path / "target", {settings: "build_time_vars = {}\n"})
    if headers:
        written(tmp_path / "target", {"usr/local/include/python3.99/Python.h": ""})

    ended = built(tmp_path, "arm64")

    own = tmp_path / "target/usr/local"
    flags = f"-g0 -I{own}/include/python3.99" if headers else "-g0"
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == [
        *(f"CFLAGS={flags}", "CXXFLAGS=-g0", "PIP_NO_CACHE_DIR=1", "CROSS_MACHINE=aarch64"),
        *(f"CROSS_CFLAGS={flags}", f"CROSS_LDFLAGS={f'-L{own}/lib' if headers else ''}"),
        "thing==1.0 --hash=sha256:ab",
    ]
    work = tmp_path / "tmp/towpath-wheel"
    assert (work / "cross_compile.py").read_bytes() == (
        DOCKER / "wheel/cross_compile.py"
    ).read_bytes()
    assert [file.name for file in (work / "data").iterdir()] == [Path(settings).name]


def test_without_settings_of_the_target_nothing_is_built(tmp_path: Path) -> None:
    """The error says what is missing."""
    (tmp_path / "target/usr").mkdir(parents=True)

    ended = built(tmp_path, "arm64")

    assert (ended.returncode, ended.stderr) == (
        1,
        "No Python here has build settings for aarch64.\n",
    )
    assert not any(line.startswith("pip") for line in calls(tmp_path / "programs"))


@pytest.mark.parametrize(
    ("script", "machine"), [("_in_process.py", "linux-aarch64"), ("other.py", "None")]
)
def test_only_the_process_that_builds_is_changed(script: str, machine: str, tmp_path: Path) -> None:
    """The .pth file that the script writes, read by a Python as pip starts one."""
    settings = "usr/local/lib/python3.99/_sysconfigdata__aarch64-linux-gnu.py"
    written(tmp_path / "target", {settings: ""})
    assert built(tmp_path, "arm64").returncode == 0
    written(
        tmp_path,
        {
            script: "import os, sys, site; site.addsitedir(sys.argv[1])\n"
            "print(os.environ.get('_PYTHON_HOST_PLATFORM'))\n"
        },
    )
    variables = {"MACHINE": "aarch64", "DATA": "/d", "SETTINGS": "s", "CFLAGS": "", "LDFLAGS": ""}

    ended = subprocess.run(
        [sys.executable, str(tmp_path / script), str(tmp_path / "site")],
        env={f"CROSS_{name}": value for name, value in variables.items()},
        capture_output=True,
        text=True,
        check=True,
    )

    assert (ended.stdout, ended.stderr) == (f"{machine}\n", "")
