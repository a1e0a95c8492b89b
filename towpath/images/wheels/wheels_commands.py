"""Commands of uv and buildx for dependencies without a wheel. Pure: argv lists only."""

from __future__ import annotations

from collections.abc import Mapping

Argv = list[str]


def lock(program: str, requirements: str, python: str, into: str) -> Argv:
    """List the files that the index has for every pin, as `pylock.toml` (PEP 751).

    `program` is the Python interpreter with uv; `python` is the version of the image, such as 3.13.
    The index is that of uv's own settings.
    """
    argv = [
        program,
        "-m",
        "uv",
        "pip",
        "compile",
        "--quiet",
        "--universal",
        "--no-deps",
        "--format=pylock.toml",
    ]
    return [*argv, f"--python-version={python}", f"--output-file={into}", requirements]


def make(
    platform: str,
    arguments: Mapping[str, str],
    *,
    into: str,
    ca_file: str = "",
    builder: str = "",
    file: str = "",
) -> Argv:
    """Build the Dockerfile's stage `wheel` for a platform and export it to the directory `into`.

    `file` is the Dockerfile's path in the project; `arguments` are PIN and HASH, and for C code
    COMPILED, PACKAGES and MADE_ON.
    """
    argv = ["docker", "buildx", "build", "--target=wheel", f"--platform={platform}"]
    argv += ["--progress=plain", "--provenance=false", "--sbom=false"]
    argv += [f"--builder={builder}"] if builder else []
    argv += [f"--file={file}"] if file else []
    argv += [f"--secret=id=ca,src={ca_file}"] if ca_file else []
    argv += [f"--build-arg={name}={value}" for name, value in arguments.items()]
    return [*argv, f"--output=type=local,dest={into}", "."]
