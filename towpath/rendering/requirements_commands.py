"""Commands that pin dependencies by hash. Pure: argv lists only."""

from __future__ import annotations

from collections.abc import Sequence

Argv = list[str]


def compile_pins(program: str, source: str, python: str, extra: Sequence[str] = ()) -> Argv:
    """Pin what a file of requirements asks for; `extra` requirements come on standard input.

    `program` is the Python interpreter with uv, `python` the version of the image.
    """
    argv = [program, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes"]
    argv += ["--no-header", "--no-annotate"]
    return [*argv, f"--python-version={python}", source, *(["-"] if extra else [])]


def export_uv(program: str, directory: str) -> Argv:
    """Write what uv's lock file pins for production, with hashes, without the project itself."""
    argv = [program, "-m", "uv", "export", "--quiet", "--frozen", "--no-dev", "--no-emit-project"]
    argv += ["--no-header", "--no-annotate", "--format=requirements-txt"]
    return [*argv, f"--directory={directory}"]
