"""How dependencies are installed, compiled and dated: the scripts, with a uv made for the test."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.unit.docker.scripts import FIXED_TIME, calls, fake, listed, run, times, written
from towpath.images.wheels.provide import NO_WHEEL

pytestmark = pytest.mark.door

PURE, COMPILED = "Tag: py3-none-any", "Tag: cp313-cp313-linux_x86_64"
# Installs a package in pure Python and a compiled one, as far as they are required.
UV = r"""
while [ $# -gt 0 ]; do
    case $1 in
        --target) library=$2 ;;
        --requirement) requirements=$2 ;;
    esac
    shift
done
cp "$requirements" "$library/requirements.seen"
for name in pure compiled; do
    grep -q "^$name==" "$requirements" || continue
    mkdir -p "$library/$name-1.dist-info" "$library/bin"
    echo "x = 1" > "$library/$name.py"
    tag=$([ $name = pure ] && echo "Tag: py3-none-any" || echo "Tag: cp313-cp313-linux")
    echo "$tag" > "$library/$name-1.dist-info/WHEEL"
    printf '%s\n' "$name.py,," "$name-1.dist-info/WHEEL,," "$name-1.dist-info/RECORD,," \
        > "$library/$name-1.dist-info/RECORD"
    printf '#!/build/python3.13\nx\n' > "$library/bin/$name"
done
"""
BOTH = "pure==1 \\\n    --hash=sha256:aa\ncompiled==1 \\\n    --hash=sha256:bb\n"


def installed(tmp_path: Path, architecture: str = "amd64", code: int = 0) -> list[str]:
    """Run install.sh; return the calls of uv without where it finds Python."""
    programs = fake(tmp_path / "programs", "uv", f"[ {code} = 0 ] || exit {code}\n{UV}")
    written(tmp_path, {"build/production.txt": BOTH})
    ended = run(
        "dependencies/install.sh",
        *(architecture, tmp_path / "build/production.txt", tmp_path / "tree"),
        programs=programs,
        PYTHON="3.13",
        WHEELS=str(tmp_path / "wheels"),
    )
    assert ended.returncode == (code and NO_WHEEL), ended.stderr
    python = str(shutil.which("python3", path=f"{programs}:{os.environ['PATH']}"))
    return [*(line.replace(python, "PYTHON") for line in calls(programs)), ended.stderr]


def test_wheels_are_installed_for_the_platform_by_their_hashes(tmp_path: Path) -> None:
    """Scripts name the Python of the image, not that of the build."""
    assert installed(tmp_path, "arm64") == [
        "uv pip install --quiet --link-mode copy --python-platform aarch64-unknown-linux-gnu"
        f" --python-version 3.13 --python PYTHON --target {tmp_path}/tree/srv/lib"
        " --only-binary :all: --no-deps --require-hashes"
        f" --requirement {tmp_path}/build/production.txt",
        "",
    ]
    assert (tmp_path / "tree/srv/lib/bin/pure").read_text() == "#!/usr/bin/env python3\nx\n"


def test_wheels_that_were_made_are_found_with_their_requirements(tmp_path: Path) -> None:
    """Those of the platform alone."""
    written(tmp_path, {"wheels/amd64/production.txt": BOTH, "wheels/arm64/production.txt": ""})

    assert installed(tmp_path) == [
        "uv pip install --quiet --link-mode copy --python-platform x86_64-unknown-linux-gnu"
        f" --python-version 3.13 --python PYTHON --target {tmp_path}/tree/srv/lib"
        f" --find-links={tmp_path}/wheels/amd64"
        " --only-binary :all: --no-deps --require-hashes"
        f" --requirement {tmp_path}/wheels/amd64/production.txt",
        "",
    ]


def test_an_installation_that_fails_says_what_the_pipeline_looks_for(tmp_path: Path) -> None:
    """And ends with the code by which the pipeline knows it."""
    assert installed(tmp_path, code=7)[-1] == (
        "install: not every dependency could be installed from a wheel for amd64\n"
    )


def test_a_platform_that_is_not_known_is_refused(tmp_path: Path) -> None:
    """Nothing is installed."""
    ended = run("dependencies/install.sh", "riscv64", "x.txt", tmp_path, PYTHON="3.13")

    assert (ended.returncode, ended.stderr) == (
        1,
        "install: unsupported architecture: riscv64\n",
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("architecture", "made"), [("amd64", True), ("arm64", False)])
def test_the_requirements_of_a_platform(architecture: str, made: bool, tmp_path: Path) -> None:
    """Those with the hashes of wheels that were made, where there are some."""
    written(tmp_path, {"wheels/amd64/test.txt": ""})
    own = str(tmp_path / "build/test.txt")
    arguments = ("dependencies/requirements_for.sh", architecture, own)

    ended = run(*arguments, WHEELS=str(tmp_path / "wheels"))

    assert ended.returncode == 0
    assert ended.stdout == f"{tmp_path / 'wheels/amd64/test.txt' if made else own}\n"


def test_dependencies_are_sorted_into_trees(tmp_path: Path) -> None:
    """What is pure once, what is compiled for each platform; no download is left."""
    programs = fake(tmp_path / "programs", "uv", f'touch "$UV_CACHE_DIR/download"\n{UV}')
    (programs / "python3").symlink_to(sys.executable)
    written(tmp_path, {"build/production.txt": BOTH})
    (tmp_path / "tmp").mkdir()
    root = tmp_path / "root"

    ended = run(
        "dependencies/resolve.sh",
        *(tmp_path / "build/production.txt", root),
        programs=programs,
        PYTHON="3.13",
        BUILDARCH="amd64",
        ARCHITECTURES="amd64 arm64",
        WHEELS=str(tmp_path / "wheels"),
        TMPDIR=str(tmp_path / "tmp"),
        PYTHONDONTWRITEBYTECODE="1",
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    assert listed(tmp_path / "tmp") == []
    assert listed(root / "django") == []
    tag = sys.implementation.cache_tag
    assert listed(root / "common") == [
        f"srv/lib/__pycache__/pure.{tag}.pyc",
        "srv/lib/pure-1.dist-info/WHEEL",
        "srv/lib/pure.py",
    ]
    for architecture in ("amd64", "arm64"):
        own = root / f"own-{architecture}"
        assert listed(own) == [
            f"srv/lib/__pycache__/compiled.{tag}.pyc",
            "srv/lib/bin/compiled",
            "srv/lib/compiled-1.dist-info/WHEEL",
            "srv/lib/compiled.py",
            "srv/lib/requirements.seen",
        ]
        seen = (own / "srv/lib/requirements.seen").read_text()
        assert seen == "compiled==1 \\\n    --hash=sha256:bb\n"
        assert times(own.rglob("*")) == {FIXED_TIME}
    assert times((root / "common").rglob("*")) == {FIXED_TIME}
    targets = [line.partition(" --target ")[2].split()[0] for line in calls(programs)]
    assert targets == [f"{root}/{name}/srv/lib" for name in ("native", "own-amd64", "own-arm64")]


def test_every_file_gets_the_time_and_what_differs_is_deleted(tmp_path: Path) -> None:
    """Links as such; a file that is right already is not touched."""
    written(tmp_path, {name: name for name in ("a", "b/RECORD", "b/.lock", "b/direct_url.json")})
    written(tmp_path, {"right": "", "b/uv_cache.json": ""})
    (tmp_path / "link").symlink_to("nowhere")
    os.utime(tmp_path / "right", (1, FIXED_TIME))

    ended = run("dependencies/set_times.sh", tmp_path, FIXED_TIME)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert listed(tmp_path) == ["a", "right"]
    assert times([tmp_path, *tmp_path.rglob("*")]) == {FIXED_TIME}
    assert (tmp_path / "right").stat().st_atime == 1


def test_the_same_sources_are_compiled_to_the_same_bytes(tmp_path: Path) -> None:
    """Wherever they are, and whenever they were written."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "python3").symlink_to(sys.executable)
    trees = [tmp_path / name for name in ("one", "other/place")]
    for number, tree in enumerate(trees):
        written(tree, {"srv/a.py": "x = 1\n", "srv/b.py": "y = {1, 2}\n", "srv/c.txt": "no"})
        os.utime(tree / "srv/a.py", (number, number))
        ended = run("dependencies/compile_bytecode.sh", tree, FIXED_TIME, programs=programs)
        assert (ended.returncode, ended.stderr) == (0, "")

    first, second = ({name: (tree / name).read_bytes() for name in listed(tree)} for tree in trees)
    tag = sys.implementation.cache_tag
    assert sorted(first) == [
        f"srv/__pycache__/a.{tag}.pyc",
        f"srv/__pycache__/b.{tag}.pyc",
        *("srv/a.py", "srv/b.py", "srv/c.txt"),
    ]
    assert first == second
    # Flags of PEP 552: by hash, and never checked.
    assert first[f"srv/__pycache__/a.{tag}.pyc"][4:8] == b"\x01\x00\x00\x00"
    assert times(trees[0].rglob("*")) == {FIXED_TIME}
