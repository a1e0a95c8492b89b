"""Commands that pin dependencies by hash. Pure: argv lists only."""

from __future__ import annotations

from collections.abc import Sequence

Argv = list[str]


def compile_pins(
    program: str,
    source: str,
    python: str,
    *,
    has_more: bool = False,
    limits: str = "",
    extras: Sequence[str] = (),
) -> Argv:
    """Pin what a file of requirements asks for; with `has_more` others come on standard input.

    `program` is the Python interpreter with uv, `python` the version of the image, `limits` a file
    of constraints. An empty `source` is none; `extras` are those of a pyproject.toml.
    """
    argv = [program, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes"]
    argv += ["--no-header", "--no-annotate", f"--python-version={python}"]
    argv += [f"--constraints={limits}"] if limits else []
    argv += [f"--extra={extra}" for extra in extras]
    return [*argv, *filter(None, [source]), *(["-"] if has_more else [])]
