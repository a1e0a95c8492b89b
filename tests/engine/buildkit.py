"""BuildKit's own image, which a builder in a container starts from: pulled, or made here.

Source: buildx 0.13, driver/bkimage, names it `moby/buildkit:buildx-stable-1`.
"""

from __future__ import annotations

from pathlib import Path

from towpath.core.runner import Running

NAME = "moby/buildkit:buildx-stable-1"
RECIPE = Path(__file__).resolve().parents[1] / "fixtures" / "buildkit"


def provide(runner: Running, registry: str) -> None:
    """See that an engine with this registry as its mirror finds the image; it may take minutes.

    It is compiled where nobody has it, and is in the registry from then on.
    """
    asked = [["docker", "buildx", "imagetools", "inspect", name] for name in _names(registry)]
    if any(runner.run(argv, check=False).ok for argv in asked):
        return
    proxies = [
        f"--build-arg={name}={runner.env[name]}"
        for name in ("http_proxy", "https_proxy")
        if name in runner.env
    ]
    argv = ["docker", "buildx", "build", "--progress=plain", "--network=host", *proxies]
    output = f"--output=type=image,push=,unpack=false,name={registry}/{NAME}"
    runner.run([*argv, "--provenance=false", output, str(RECIPE)])


def settings(registry: str, folder: Path) -> dict[str, str]:
    """Return an environment for buildx whose builders know the registry as their mirror, too.

    They ask Docker Hub for what it does not have.
    """
    (folder / "buildkitd.default.toml").write_text(
        f'[registry."docker.io"]\nmirrors = ["{registry}"]\n[registry."{registry}"]\nhttp = true\n'
    )
    return {"BUILDX_CONFIG": str(folder)}


def _names(registry: str) -> tuple[str, str]:
    return f"{registry}/{NAME}", NAME
