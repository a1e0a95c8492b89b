"""What we ask of uv and buildx about dependencies without a wheel. Pure: argv lists only."""

from __future__ import annotations

from collections.abc import Mapping

Argv = list[str]


def lock(program: str, requirements: str, python: str, into: str) -> Argv:
    """Write which files the index has of every pin, as `pylock.toml` (PEP 751).

    `program` is the Python that has uv; `python` is the version that will run them. uv looks where
    it looks for everything else: its own settings name the index.
    """
    asked = [
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
    return [*asked, f"--python-version={python}", f"--output-file={into}", requirements]


def make(
    platform: str, arguments: Mapping[str, str], *, into: str, ca_file: str = "", builder: str = ""
) -> Argv:
    """Build the Dockerfile's stage `wheel` for a platform and write what is in it to a directory.

    Its arguments are PIN and HASH, and COMPILED, PACKAGES and MADE_ON where they are wanted.
    """
    argv = ["docker", "buildx", "build", "--target=wheel", f"--platform={platform}"]
    argv += ["--progress=plain", "--provenance=false", "--sbom=false"]
    argv += [f"--builder={builder}"] if builder else []
    argv += [f"--secret=id=ca,src={ca_file}"] if ca_file else []
    argv += [f"--build-arg={name}={value}" for name, value in arguments.items()]
    return [*argv, f"--output=type=local,dest={into}", "."]
