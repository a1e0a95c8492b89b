"""Packages in pure Python go to the trees that all platforms share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.docker.scripts import listed, module, written

split_packages = module("dependencies/split_packages.py")
PURE = "Wheel-Version: 1.0\nTag: py2-none-any\nTag: py3-none-any\n"
COMPILED = "Wheel-Version: 1.0\nTag: cp313-cp313-manylinux_2_28_x86_64\n"


def package(name: str, tags: str, *files: str) -> dict[str, str]:
    """Return the files of an installed package, its RECORD too."""
    metadata = f"{name}-1.0.dist-info"
    names = [*files, f"{metadata}/WHEEL", f"{metadata}/RECORD"]
    record = "".join(f"{file},sha256=x,1\n" for file in names)
    return {
        **{f"srv/lib/{file}": file for file in files},
        f"srv/lib/{metadata}/WHEEL": tags,
        f"srv/lib/{metadata}/RECORD": record,
    }


@pytest.mark.parametrize(
    ("metadata", "is_pure"),
    [
        (PURE, True),
        (COMPILED, False),
        (PURE + "Tag: cp313-cp313-linux_x86_64\n", False),
        ("Wheel-Version: 1.0\n", False),
        ("", False),
    ],
)
def test_a_package_is_pure_if_all_its_tags_say_so(metadata: str, is_pure: bool) -> None:
    """One without tags is not."""
    assert split_packages.is_pure(metadata) is is_pure


def test_packages_are_sorted_into_three_trees(tmp_path: Path) -> None:
    """Django alone, the other pure ones together; what is compiled stays."""
    tree, common, django = (tmp_path / name for name in ("tree", "common", "django"))
    written(tree, package("Django", PURE, "django/__init__.py", "bin/django-admin"))
    written(tree, package("django_x", PURE, "django_x/a.py"))
    written(tree, package("psycopg", COMPILED, "psycopg/c.so"))

    assert split_packages.main([str(tree), str(common), str(django)]) == 0

    assert listed(django) == [
        "srv/lib/Django-1.0.dist-info/RECORD",
        "srv/lib/Django-1.0.dist-info/WHEEL",
        "srv/lib/bin/django-admin",
        "srv/lib/django/__init__.py",
    ]
    assert listed(common) == [
        "srv/lib/django_x-1.0.dist-info/RECORD",
        "srv/lib/django_x-1.0.dist-info/WHEEL",
        "srv/lib/django_x/a.py",
    ]
    assert listed(tree) == [
        "srv/lib/psycopg-1.0.dist-info/RECORD",
        "srv/lib/psycopg-1.0.dist-info/WHEEL",
        "srv/lib/psycopg/c.so",
    ]


@pytest.mark.parametrize("order", [("a.mo", "a.po"), ("a.po", "a.mo")])
def test_the_source_of_a_translation_is_deleted(order: tuple[str, str], tmp_path: Path) -> None:
    """Before or after its compiled form was moved; without one it stays."""
    tree, common = tmp_path / "tree", tmp_path / "common"
    written(tree, package("x", PURE, *order, "alone.po"))

    split_packages.split(tree, common, tmp_path / "django")

    assert [name for name in listed(common) if name.endswith("o")] == [
        "srv/lib/a.mo",
        "srv/lib/alone.po",
    ]
    assert [name for name in listed(tree) if name.endswith("o")] == []


def test_other_arguments_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is moved."""
    assert split_packages.main(["a", "b"]) == 2
    assert capsys.readouterr().err == "usage: split_packages.py TREE COMMON DJANGO\n"
