"""The product as a commit of its own, and a look into its images as strictly as production runs."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from towpath.config.workspace import Workspace
from towpath.core.runner import Runner
from towpath.images.build import Built
from towpath.tasks.context import workspace as new_workspace

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("Dockerfile", ".dockerignore", ".gitignore", "pyproject.toml")
PARTS += ("requirements", "app", "docker")
PLATFORMS = ("linux/amd64", "linux/arm64")
# One lies in a file among the code, the other is given to the build as a secret.
BESIDE, SECRET = b"sentinel-beside-5f1c9a", b"sentinel-secret-83d07e"
SEALED = ("docker", "run", "--rm", "--read-only", "--tmpfs=/tmp", "--cap-drop=ALL")
SETTINGS = (
    *("--env=DATABASE_HOST=x", "--env=CACHE_HOSTS=x:1", "--env=QUEUE_HOST=x"),
    *("--env=SECRET_KEY=a-key-for-one-test-only-with-fifty-letters-or-more-of-it",),
    *("--env=ALLOWED_HOSTS=example.com", "--env=INGEST_TOKEN=token"),
)


def project(root: Path) -> Workspace:
    """Return a session in a commit of its own, made of the files as they are now."""
    root.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copyfile
        copy(ROOT / part, root / part)
    shutil.copytree(ROOT / "tests" / "app", root / "tests" / "app")
    for part in ("__init__.py", "quiet.py"):
        shutil.copyfile(ROOT / "tests" / part, root / "tests" / part)
    (root / "app" / ".env").write_bytes(b"SECRET_KEY=" + BESIDE)
    found = new_workspace(engine=True)
    bundle = Path("/etc/ssl/certs/ca-certificates.crt").read_bytes()
    (root.parent / "ca.crt").write_bytes(bundle + b"\n# " + SECRET + b"\n")
    env = {**found.config.env, "SSL_CERT_FILE": str(root.parent / "ca.crt")}
    config = replace(
        found.config, root=root, env=env, repository=f"towpath/test-build-{uuid4().hex[:8]}"
    )
    runner = Runner(found.terminal, env=dict(config.env), cwd=root)
    runner.run(["git", "init", "--quiet", "--initial-branch=main"])
    runner.run(["git", "add", "--all"])
    author = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
    runner.run(["git", *author, "commit", "--quiet", "--message=All of it"])
    return Workspace(config, runner, found.terminal)


def inside(
    workspace: Workspace,
    built: Built,
    *command: str,
    platform: str = PLATFORMS[0],
    options: tuple[str, ...] = (),
) -> str:
    """Run a command in the image as strictly as production does, and return what it said."""
    image = workspace.config.images.at(built.digest)
    argv = [*SEALED, f"--platform={platform}", *options, image, *command]
    return workspace.runner.run(argv).stdout
