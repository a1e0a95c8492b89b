"""What uv and buildx are asked about dependencies without a wheel."""

from __future__ import annotations

from towpath.images.wheels import wheels_commands as wheels


def test_the_lock_is_of_these_pins_alone() -> None:
    """uv resolves nothing: it lists the files of what is pinned."""
    assert wheels.lock("python", "r.txt", "3.13", "pylock.toml") == [
        *("python", "-m", "uv", "pip", "compile", "--quiet", "--universal", "--no-deps"),
        *("--format=pylock.toml", "--python-version=3.13", "--output-file=pylock.toml", "r.txt"),
    ]


def test_a_wheel_is_made_by_a_stage_and_written_to_a_directory() -> None:
    """The arguments say of what and how; a builder and certificates are named where there are."""
    assert wheels.make("linux/arm64", {"PIN": "a==1"}, into="out") == [
        *("docker", "buildx", "build", "--target=wheel", "--platform=linux/arm64"),
        *("--progress=plain", "--provenance=false", "--sbom=false", "--build-arg=PIN=a==1"),
        *("--output=type=local,dest=out", "."),
    ]
    argv = wheels.make("linux/arm64", {}, into="out", ca_file="/ca", builder="node")
    assert {"--builder=node", "--secret=id=ca,src=/ca"} <= set(argv)
