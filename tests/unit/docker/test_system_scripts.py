"""What is hidden of the base image, and what Debian brings: the scripts, on small directories."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.docker.scripts import FIXED_TIME, calls, fake, listed, run, times, written

pytestmark = pytest.mark.door

PACKAGES = "usr/local/lib/python3.13/site-packages"
# apt downloads one package, and shows its settings.
APT_GET = """
[ "$1" = install ] || exit 0
cat "$APT_CONFIG" > "$(dirname "$0")/apt.conf"
touch "$(dirname "$APT_CONFIG")/cache/archives/libpq5.deb"
"""
# As dpkg-deb would: a library in /lib, which is a link in the image, and one in /usr/share.
DPKG_DEB = r"""
case $1 in
    --extract)
        mkdir -p "$3/lib" "$3/usr/share/libpq5"
        echo library > "$3/lib/libpq.so.5"
        echo words > "$3/usr/share/libpq5/copyright" ;;
    --field)
        if [ $# = 3 ]; then echo libpq5; else printf 'Package: libpq5\nVersion: 17.0\n'; fi ;;
    --contents)
        for name in ./ ./lib/ ./lib/libpq.so.5 ./usr/share/libpq5/copyright; do
            echo "-rw-r--r-- root/root 0 2025-01-01 00:00 $name"
        done ;;
esac
"""


def test_installers_and_programs_with_more_rights_are_hidden(tmp_path: Path) -> None:
    """An empty file stands for each, whether it is a file or a directory; nothing else is there."""
    image, tree = tmp_path / "image", tmp_path / "tree"
    gone = {
        **{f"{PACKAGES}/{name}/x.py": "" for name in ("pip", "setuptools", "_distutils_hack")},
        **{f"{PACKAGES}/{name}": "" for name in ("wheel-1.dist-info", "pkg_resources")},
        "usr/local/lib/python3.13/ensurepip/_bundled/pip.whl": "",
        "usr/share/python-wheels/pip.whl": "",
        "usr/local/bin/pip3": "",
    }
    written(image, {**gone, f"{PACKAGES}/django/pip.py": "", "usr/bin/ls": "", "bin/s u": "x"})
    written(image, {"sbin/group": "x", "etc/pip.conf": ""})
    (image / "bin/s u").chmod(0o4755)
    (image / "sbin/group").chmod(0o2755)

    ended = run("system/hide_files.sh", image, tree)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert listed(tree) == [
        "bin/s u",
        "sbin/group",
        "usr/local/bin/pip3",
        "usr/local/lib/python3.13/ensurepip",
        *(
            f"{PACKAGES}/{name}"
            for name in ("_distutils_hack", "pip", "pkg_resources", "setuptools")
        ),
        f"{PACKAGES}/wheel-1.dist-info",
        "usr/share/python-wheels",
    ]
    assert {path.stat().st_size for path in tree.rglob("*") if path.is_file()} == {0}
    assert (tree / "srv/app").is_dir()
    assert times([tree, *tree.rglob("*")]) == {FIXED_TIME}


def test_without_packages_the_tree_is_empty(tmp_path: Path) -> None:
    """apt is not asked."""
    programs = fake(tmp_path / "programs", "apt-get")
    arguments = (tmp_path / "image", tmp_path / "tree")

    ended = run("system/unpack_packages.sh", *arguments, programs=programs, RUN_PACKAGES="")

    assert (ended.returncode, ended.stderr, calls(programs)) == (0, "", [])
    assert list((tmp_path / "tree").iterdir()) == []
    assert times([tmp_path / "tree"]) == {FIXED_TIME}


def test_packages_are_unpacked_for_the_target(tmp_path: Path) -> None:
    """Where the image has its directories; dpkg's list has them, and nothing else is left."""
    image, tree = tmp_path / "image", tmp_path / "tree"
    written(image, {"var/lib/dpkg/status": "Package: base\n\n", "usr/lib/x": ""})
    (image / "lib").symlink_to("usr/lib")
    programs = fake(tmp_path / "programs", "apt-get", APT_GET)
    fake(programs, "dpkg-deb", DPKG_DEB)
    (tmp_path / "tmp").mkdir()

    ended = run(
        "system/unpack_packages.sh",
        *(image, tree),
        programs=programs,
        RUN_PACKAGES="libpq5 libmariadb3",
        TARGETARCH="arm64",
        TMPDIR=str(tmp_path / "tmp"),
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    assert calls(programs)[:2] == [
        "apt-get update --quiet=2",
        "apt-get install --quiet=2 --yes --no-install-recommends --download-only"
        " libpq5 libmariadb3",
    ]
    settings = (programs / "apt.conf").read_text().splitlines()
    assert settings[:3] == [
        'APT::Architecture "arm64";',
        "#clear APT::Architectures;",
        'APT::Architectures { "arm64"; };',
    ]
    assert {path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file()} == {
        "etc/ld.so.cache",
        "usr/lib/libpq.so.5",
        "usr/share/libpq5/copyright",
        "var/lib/dpkg/info/libpq5:arm64.list",
        "var/lib/dpkg/status",
    }
    assert not (tree / "lib").exists()
    status = (tree / "var/lib/dpkg/status").read_text()
    assert status == (
        "Package: base\n\nPackage: libpq5\nVersion: 17.0\nStatus: install ok installed\n\n"
    )
    names = (tree / "var/lib/dpkg/info/libpq5:arm64.list").read_text()
    assert names == "\n/lib\n/lib/libpq.so.5\n/usr/share/libpq5/copyright\n"
    assert times([tree, *tree.rglob("*")]) == {FIXED_TIME}
    assert list((tmp_path / "tmp").iterdir()) == []
