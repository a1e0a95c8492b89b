"""Ordinary projects that tools' settings and comments make hard to judge, and what is right."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from towpath.checks.lint.output import Row
from towpath.core.findings import Finding, Exclusion
from towpath.checks.lint.readers.radon import Function

UNSORTED = "import sys\nimport os\n\nprint(os, sys)\n"
UNUSED = "import os\n"
UGLY = "x = {  'a':1 }\n"
SHELL = (
    "import subprocess\n\n\ndef show(name: str) -> None:\n    subprocess.run(name, shell=True)\n"
)
WRONG = 'def double(price: int) -> int:\n    return "2"\n'
GOOD = "x = 1\n"
BRANCHES = "".join(f"    if x == {number}:\n        return {number}\n" for number in range(24))
COMPLEX = f"def judge(x: int) -> int:\n{BRANCHES}    return 0\n"
INNER = "def make() -> type:\n    class Judge:\n" + "".join(
    f"        {line}\n" for line in COMPLEX.replace("(x", "(self, x").splitlines()
)
SLOPPY = "FROM debian\nRUN cd /tmp\n"


@dataclass(frozen=True)
class Case:
    """A project for one tool: its files, and what the tool says of each, as `outline` has it."""

    tool: str
    name: str
    files: dict[str, str]
    wanted: tuple[str, ...]


def outline(row: Row) -> str:
    """Return the path of a row, and what it is."""
    if isinstance(row, Finding):
        return f"{row.path} {row.code}"
    if isinstance(row, Exclusion):
        return f"{row.path} left out"
    return f"{row.path} {row.complexity}" if isinstance(row, Function) else row.path


ISORT = {"a.py": UNSORTED, "m/migrations/b.py": UNSORTED}
FLAKE8 = {"a.py": UNUSED, "m/migrations/b.py": UNUSED}
BLACK = {"a.py": UGLY, "m/migrations/b.py": UGLY}
RADON = {"a.py": COMPLEX}
MYPY = {"a.py": WRONG}
FORM = "show-source = true\nformat = pylint\ncount = true\nstatistics = true\nverbose = 2\n"
PRETTY = (
    "pretty = true\nshow_error_context = true\nshow_column_numbers = true\nshow_error_end = true\n"
    "show_absolute_path = true\ncolor_output = true\nerror_summary = false\n"
    "hide_error_codes = true\nshow_error_code_links = true\nwarn_unused_configs = true\n"
)

CASES = [
    Case(
        "isort",
        "skip_file",
        {"a.py": UNSORTED, "b.py": f"# isort: skip_file\n{UNSORTED}"},
        ("a.py ISORT", "b.py left out"),
    ),
    Case(
        "isort",
        "filter_files",
        ISORT | {".isort.cfg": "[settings]\nfilter_files = true\nskip_glob = */migrations/*\n"},
        ("a.py ISORT", "m/migrations/b.py left out"),
    ),
    *(
        Case(
            "isort",
            words.partition(" ")[0],
            {"a.py": UNSORTED, "b.py": GOOD, "setup.cfg": f"[isort]\n{words}\n"},
            ("a.py ISORT",),
        )
        for words in (
            "color_output = true",
            "quiet = true",
            "only_modified = true",
            "format_error = no {message}",
            "format_success = no {message}",
        )
    ),
    Case(
        "isort",
        "settings-of-the-root",
        {
            "a/a.py": GOOD,
            "a/.isort.cfg": "[settings]\nskip_glob = *\nfilter_files = true\n",
            "b.py": UNSORTED,
        },
        ("b.py ISORT",),
    ),
    Case(
        "black",
        "force-exclude",
        BLACK | {"pyproject.toml": '[tool.black]\nforce-exclude = "migrations"\n'},
        ("a.py BLACK", "m/migrations/b.py left out"),
    ),
    Case(
        "black",
        "quiet",
        BLACK
        | {
            "pyproject.toml": "[tool.black]\nquiet = true\ndiff = true\ncolor = true\nworkers = 1\n"
        },
        ("a.py BLACK", "m/migrations/b.py BLACK"),
    ),
    Case(
        "black",
        "everything-excluded",
        BLACK | {"pyproject.toml": '[tool.black]\nforce-exclude = "py"\nquiet = true\n'},
        ("a.py left out", "m/migrations/b.py left out"),
    ),
    *(
        Case(
            "flake8",
            name,
            FLAKE8 | {file: f"[flake8]\n{words}"},
            (
                "a.py F401",
                "m/migrations/b.py left out" if "exclude" in words else "m/migrations/b.py F401",
            ),
        )
        for name, file, words in (
            ("exclude", "setup.cfg", "exclude = */migrations/*\n"),
            ("extend-exclude", "tox.ini", "extend-exclude = */migrations/*\n"),
            ("form", ".flake8", FORM),
            ("quiet", ".flake8", "quiet = 1\n"),
            ("very-quiet", ".flake8", "quiet = 2\n"),
            ("exit-zero", "setup.cfg", "exit-zero = true\n"),
            ("output-file", "setup.cfg", "output-file = flake8.txt\ntee = true\n"),
        )
    ),
    Case(
        "flake8",
        "noqa-of-a-file",
        {"a.py": UNUSED, "b.py": f"# flake8: noqa\n{UNUSED}"},
        ("a.py F401", "b.py left out"),
    ),
    Case(
        "flake8",
        "names",
        {"a:1:2.py": UNUSED, "b c.py": UNUSED, "-x.py": UNUSED, "é.py": UNUSED},
        ("-x.py F401", "a:1:2.py F401", "b c.py F401", "é.py F401"),
    ),
    *(
        Case("radon", name, RADON | {file: text}, ("a.py 25",))
        for name, file, text in (
            ("cc_max", "setup.cfg", "[radon]\ncc_max = B\n"),
            ("exclude", "setup.cfg", "[radon]\nexclude = *.py\n"),
            ("ignore", "radon.cfg", "[radon]\nignore = *\ncc_min = F\noutput_file = out\n"),
            ("pyproject", "pyproject.toml", '[tool.radon]\ncc_max = "B"\nexclude = "*"\n'),
            ("unreadable", "setup.cfg", "no section\n"),
        )
    ),
    Case("radon", "inner-class", {"a.py": INNER}, ("a.py 1", "a.py 25")),
    Case(
        "maintainability",
        "settings",
        {"a.py": GOOD, "setup.cfg": "[radon]\nexclude = *\nmi_max = A\nmi_min = C\n"},
        ("a.py",),
    ),
    Case(
        "bandit",
        "substrings",
        {
            ".github/scripts/a.py": SHELL,
            "app/CVSExport.py": SHELL,
            "lib.egg_info/a.py": SHELL,
            "app/x.tox.py": SHELL,
            ".bandit": "[bandit]\nexclude = /app\nskips = B602\n",
            "bin/run": f"#!/usr/bin/env python3\n{SHELL}",
        },
        tuple(
            f"{file} {code}"
            for file in (
                *(".github/scripts/a.py", "app/CVSExport.py", "lib.egg_info/a.py"),
                *("app/x.tox.py", "bin/run"),
            )
            for code in ("B404", "B602")
        ),
    ),
    Case(
        "bandit",
        "nosec",
        {"a.py": SHELL.replace("shell=True)", "shell=True)  # nosec"), "b.py": SHELL},
        ("a.py B404", "a.py left out", "b.py B404", "b.py B602"),
    ),
    Case("mypy", "form", MYPY | {"mypy.ini": f"[mypy]\n{PRETTY}"}, ("a.py return-value",)),
    Case(
        "mypy", "form-of-setup", MYPY | {"setup.cfg": f"[mypy]\n{PRETTY}"}, ("a.py return-value",)
    ),
    Case(
        "mypy",
        "names",
        {"a.py": WRONG, ".github/scripts/b.py": WRONG, "-x.py": WRONG, "a.pyi": GOOD},
        ("-x.py return-value", ".github/scripts/b.py return-value", "a.py return-value"),
    ),
    Case(
        "hadolint",
        "settings",
        {
            "Dockerfile": SLOPPY,
            ".hadolint.yaml": "no-fail: true\nformat: json\nfailure-threshold: error\n",
        },
        ("Dockerfile DL3003", "Dockerfile DL3006", "Dockerfile SC2164"),
    ),
]


def plant_case(root: Path, case: Case) -> None:
    """Write the files of a case."""
    for name, text in case.files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
