"""The settings by which a project switches off a part of a tool are named, one by one."""

from __future__ import annotations

import pytest

from towpath.source import switches_reader as switches


@pytest.mark.parametrize(
    ("tool", "file", "text", "wanted"),
    [
        ("flake8", "setup.cfg", "[flake8]\nexclude = a\nmax-line-length = 9\n", ["exclude = a"]),
        ("flake8", "tox.ini", "[flake8]\nper-file-ignores =\n  a.py: E1\n  b.py: F401\n",
         ["per-file-ignores = a.py: E1 b.py: F401"]),
        ("flake8", ".flake8", "[flake8]\nextend_ignore = E203\nselect = E\nignore = F\n",
         ["extend_ignore = E203", "select = E", "ignore = F"]),
        ("flake8", "tox.ini", "[testenv]\nignore = x\n", []),
        ("mypy", "mypy.ini", "[mypy]\nignore_errors = True\nfollow_imports = normal\n",
         ["ignore_errors = True"]),
        ("mypy", "setup.cfg", "[mypy-shop.*]\nignore_errors = 1\nfollow_imports = skip\n",
         ["ignore_errors = 1", "follow_imports = skip"]),
        ("mypy", "pyproject.toml", '[[tool.mypy.overrides]]\nmodule = "a"\nignore_errors = true\n',
         ["ignore_errors = True"]),
        ("mypy", "pyproject.toml", "[tool.mypy]\ndisallow_untyped_defs = false\nstrict = true\n",
         ["disallow_untyped_defs = False"]),
        ("isort", ".isort.cfg", "[settings]\nskip_glob = *\nprofile = black\n", ["skip_glob = *"]),
        ("isort", "setup.cfg", "[tool:isort]\nfilter_files = true\n", ["filter_files = true"]),
        ("black", "pyproject.toml", '[tool.black]\nforce-exclude = "a"\nline-length = 9\n',
         ["force-exclude = a"]),
        ("coverage", ".coveragerc", "[run]\nomit = */a/*\n[report]\nexclude_also = def \n",
         ["omit = */a/*", "exclude_also = def"]),
        ("coverage", "setup.cfg", "[coverage:report]\nexclude_lines =\n    a\n    b\n",
         ["exclude_lines = a b"]),
        ("coverage", "pyproject.toml", '[tool.coverage.run]\nomit = ["a", "b"]\nbranch = true\n',
         ["omit = a b"]),
        ("pytest", "pytest.ini", "[pytest]\naddopts = -ra -k 'not slow'\n",
         ["addopts = -ra -k 'not slow'"]),
        ("pytest", "tox.ini", "[pytest]\naddopts = -p no:cov\n", ["addopts = -p no:cov"]),
        ("pytest", "pytest.ini", "[pytest]\naddopts = -ra --import-mode=importlib\n", []),
        ("pytest", "pyproject.toml", '[tool.pytest.ini_options]\naddopts = ["--ignore=a"]\n',
         ["addopts = --ignore=a"]),
        ("shellcheck", ".shellcheckrc", "# words\ndisable=all\n", ["disable=all"]),
        ("hadolint", ".hadolint.yaml", "ignored:\n  - DL3008\nno-fail: true\n",
         ["ignored:", "no-fail: true"]),
        ("zizmor", "zizmor.yml", "rules:\n  artipacked:\n    disable: true\n", ["disable: true"]),
        ("actionlint", ".github/actionlint.yaml", "paths:\n  a:\n    ignore: ['.*']\n",
         ["ignore: ['.*']"]),
        ("radon", "setup.cfg", "[radon]\ncc_max = B\n", []),
        ("flake8", "setup.cfg", "exclude = no section\n", []),
        ("mypy", "pyproject.toml", "[tool", []),
        ("mypy", "pyproject.toml", "tool = 1", []),
    ],
)  # fmt: skip
def test_what_switches_a_part_off_is_named(
    tool: str, file: str, text: str, wanted: list[str]
) -> None:
    """With its file, its section and its value; what is none, or cannot be read, is not."""
    found = switches.find(tool, {file: text})

    assert [row.path for row in found] == [file] * len(wanted)
    assert [
        row.why.rpartition("] ")[2] if "[" == row.why[0] else row.why for row in found
    ] == wanted
