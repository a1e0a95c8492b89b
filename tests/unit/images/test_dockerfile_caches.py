"""What builds of one engine share cannot change what goes into an image."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from towpath.images import dockerfile_reader as dockerfile
from towpath.images.wheels.provide import NO_WHEEL

ROOT = Path(__file__).parents[3]
FILES = ("Dockerfile", "towpath/engine/images/Dockerfile")


@pytest.mark.parametrize("name", FILES)
def test_no_instruction_mounts_a_cache(name: str) -> None:
    """A cache mount is one directory for all projects of an engine: any build writes to it."""
    rows, _ = dockerfile.instructions((ROOT / name).read_text())
    mounts = [option for row in rows for option in re.findall(r"--mount=(\S+)", row.rest)]

    assert mounts
    assert [row for row in mounts if "type=cache" in row] == []


def test_installers_keep_nothing_between_builds() -> None:
    """What pip and uv download is asked for by its hash, and gone with the instruction."""
    rows, _ = dockerfile.instructions((ROOT / "Dockerfile").read_text())
    text = (ROOT / "Dockerfile").read_text()
    installs = [row.rest for row in rows if row.keyword == "RUN" and "pip install" in row.rest]
    script = {file.name: file.read_text() for file in (ROOT / "docker").rglob("*.sh")}

    assert installs and all("--require-hashes" in row for row in installs)
    assert sorted(name for name, text in script.items() if "uv pip install" in text) == [
        "build_direct.sh",
        "install.sh",
    ]
    assert "--require-hashes" in script["install.sh"]
    # What no index has is installed from wheels that were built there, with nothing downloaded.
    assert "--no-cache --no-deps" in script["build_direct.sh"]
    assert '"${wheels}"/*.whl' in script["build_direct.sh"]
    assert text.count("UV_NO_CACHE=1 sh /docker/dependencies/install.sh") == 1
    assert text.count("install.sh") == 1
    assert "UV_CACHE_DIR=$(mktemp -d)\nexport UV_CACHE_DIR\n" in script["resolve.sh"]
    assert script["resolve.sh"].count('rm -rf "${UV_CACHE_DIR}"') == 1
    assert text.count("export UV_CACHE_DIR=/opt/cache") == 1 == text.count("rm -rf /opt/cache")
    assert "export PIP_NO_CACHE_DIR=1\npip wheel" in script["build.sh"]


def test_every_script_is_a_file_that_one_instruction_mounts() -> None:
    """None is written in the Dockerfile or copied to a layer, and the build gets each."""
    text = (ROOT / "Dockerfile").read_text()
    rows, _ = dockerfile.instructions(text)
    sources = {
        path
        for row in rows
        if row.keyword == "RUN"
        for path in re.findall(r"--mount=type=bind,source=([^,]+),target=/\1 ", row.rest)
    }
    named = set(re.findall(r"sh /(docker/\S+)", text))
    copied = [row.rest for row in rows if row.keyword in ("ADD", "COPY") and "docker" in row.rest]

    assert "<<" not in text
    assert copied == []
    assert sources == {"docker/dependencies", "docker/system", "docker/wheel"}
    assert all((ROOT / name).is_file() for name in named) and len(named) == 8
    assert "!docker" in (ROOT / ".dockerignore").read_text().split()


def test_the_code_by_which_a_build_finds_that_a_wheel_is_missing() -> None:
    """The script ends with it, and the pipeline looks for it."""
    assert f"exit {NO_WHEEL}\n" in (ROOT / "docker/dependencies/install.sh").read_text()


def test_the_image_of_tests_has_all_that_they_import() -> None:
    """What tests/app imports of tests/ is let through to the build."""
    root = Path(__file__).parents[3]
    let_through = (root / ".dockerignore").read_text().splitlines()
    imported = {
        found
        for file in (root / "tests/app").glob("*.py")
        for found in re.findall(r"^from tests\.(\w+)", file.read_text(), re.MULTILINE)
    }

    names = [f"!tests/{name}" for name in imported]
    assert [name for name in names if not {name, f"{name}.py"} & {*let_through}] == []
