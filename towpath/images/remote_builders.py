"""Choose the builder of each platform: the local engine, or the configured machine.

A builder is recorded on disk before it is created, and removed when its settings have changed, so
that none is left incomplete or forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from towpath.config.builders import KUBERNETES, SSH, TCP, BuilderNode
from towpath.config.workspace import Workspace
from towpath.core import locks
from towpath.core.errors import (
    CommandFailedError,
    ConfigurationError,
    InterruptedRunError,
    NothingToJudgeError,
)
from towpath.engine import docker_commands as docker
from towpath.images import builders_commands as commands
from towpath.images import builders_reader as reader
from towpath.images.builder import NAMES, Builder, here
from towpath.images.buildx_reader import has_image_store

# Seconds to wait for another machine, and for a builder to start there (it may pull its image).
ANSWER, START = 45.0, 300.0
CLIENT_FLAGS = {"ca": "cacert", "cert": "cert", "key": "key"}


@contextmanager
def ready_builders(
    workspace: Workspace, platforms: tuple[str, ...]
) -> Iterator[tuple[Builder, ...]]:
    """Provide the builders of these platforms, started and locked until the block ends.

    Raises ConfigurationError for a missing TLS file, and CommandFailedError, which names machine
    and platform, for a machine that cannot build.
    """
    nodes = [
        workspace.config.builders[name] for name in platforms if name in workspace.config.builders
    ]
    files = {node.platform: _files(workspace, node) for node in nodes}
    _remove_unconfigured(workspace)
    own = tuple(name for name in platforms if name not in files)
    with ExitStack() as stack:
        builders = [here(workspace, own)] if own else []
        builders += [_prepared(workspace, node, files[node.platform], stack) for node in nodes]
        yield tuple(builders)


def _prepared(
    workspace: Workspace, node: BuilderNode, files: Mapping[str, Path], stack: ExitStack
) -> Builder:
    try:
        return _ready(workspace, node, files, stack)
    except (CommandFailedError, NothingToJudgeError) as error:
        raise _cannot_build(node, error) from error


def _ready(
    workspace: Workspace, node: BuilderNode, files: Mapping[str, Path], stack: ExitStack
) -> Builder:
    """Return a machine that responds, with its builder started if it needs one.

    An engine with containerd's image store needs none and is used directly.
    """
    name = _name(workspace, node, files)
    env: dict[str, str] = {}
    emulates = False
    with workspace.terminal.step(f"Connect to builder {node.endpoint} for {node.platform}"):
        if node.scheme in (SSH, TCP):
            env = _environment(node, files, stack)
            info = workspace.runner.run(docker.info(), env=env, timeout=ANSWER).stdout
            emulates = _emulates(workspace, node, reader.native(info))
            if has_image_store(info):
                return Builder(node.endpoint, (node.platform,), "default", env, emulates)
        stack.enter_context(_made(workspace, node, name, files))
    return Builder(node.endpoint, (node.platform,), name, emulates=emulates)


@contextmanager
def _made(
    workspace: Workspace, node: BuilderNode, name: str, files: Mapping[str, Path]
) -> Iterator[None]:
    """Hold the builder of this name; it is created first if it is missing or does not start."""
    record = _records(workspace) / name
    with locks.opened(record) as lock:
        # Builds share the lock; creating and removing the builder is exclusive.
        lock.share()
        if not _starts(workspace, name):
            lock.alone()
            if not _starts(workspace, name):
                _make(workspace, node, name, files)
            lock.share()
        yield


def _starts(workspace: Workspace, name: str) -> bool:
    return workspace.runner.run(commands.start(name), check=False, timeout=START).ok


def _make(workspace: Workspace, node: BuilderNode, name: str, files: Mapping[str, Path]) -> None:
    run = workspace.runner.run
    record = _records(workspace) / name
    # The previous owner of the lock may have failed and deleted the record.
    record.write_text(node.endpoint)
    _removed(workspace, name)
    run(commands.remove_context(_context(name)), check=False)
    try:
        endpoint = node.endpoint
        if files:
            paths = {key: str(file) for key, file in files.items()}
            endpoint = _context(name)
            run(commands.create_context(endpoint, node.endpoint, paths))
        run(commands.create(name, node, endpoint))
        run(commands.start(name), timeout=START)
    except (CommandFailedError, InterruptedRunError, KeyboardInterrupt):
        _remove_everywhere(workspace, name)
        record.unlink(missing_ok=True)
        raise


def _context(name: str) -> str:
    """Return the name of a builder's context; buildx also lists each context as a builder."""
    return f"{name}-engine"


def _removed(workspace: Workspace, name: str) -> bool:
    """Remove a builder with buildx; tell whether that succeeded."""
    try:
        return workspace.runner.run(commands.remove(name), check=False, timeout=ANSWER).ok
    except CommandFailedError:  # buildx waits forever for a machine that does not respond.
        return False


def _remove_everywhere(workspace: Workspace, name: str) -> bool:
    """Remove a builder and its context; tell whether its machine removed its part.

    buildx does not remove a builder whose machine does not respond; such a builder is first
    pointed at the local engine.
    """
    done = _removed(workspace, name)
    if not done and workspace.runner.run(commands.move_to_local_engine(name), check=False).ok:
        _removed(workspace, name)
    workspace.runner.run(commands.remove_context(_context(name)), check=False)
    return done


def _remove_unconfigured(workspace: Workspace) -> None:
    """Remove builders that are no longer configured, except while a build uses them."""
    folder = _records(workspace)
    records = sorted(folder.iterdir()) if folder.is_dir() else []
    wanted = _wanted(workspace) if records else set()
    if wanted is None:
        return
    for record in records:
        if record.name in wanted:
            continue
        with locks.opened(record) as lock, suppress(BlockingIOError):
            lock.alone(busy=locks.refuse)
            where = record.read_text() or "another machine"
            workspace.terminal.say(f"Removing builder on {where}: it is no longer configured.")
            if not _remove_everywhere(workspace, record.name):
                workspace.terminal.warn(
                    f"{where} did not respond. The builder {record.name} may still exist there."
                )
            record.unlink(missing_ok=True)


def _wanted(workspace: Workspace) -> set[str] | None:
    """Return the names of all configured builders; None if a TLS file of one is missing.

    The name depends on the files, so that it cannot be determined then.
    """
    nodes = workspace.config.builders.values()
    try:
        return {_name(workspace, node, _files(workspace, node)) for node in nodes}
    except ConfigurationError:
        return None


def _records(workspace: Workspace) -> Path:
    return workspace.config.state / "builders"


def _name(workspace: Workspace, node: BuilderNode, files: Mapping[str, Path]) -> str:
    material = b"".join(file.read_bytes() for file in files.values())
    return node.builder(workspace.config.name, material)


def _files(workspace: Workspace, node: BuilderNode) -> dict[str, Path]:
    """Return the TLS files of a node; raises ConfigurationError for an unreadable one."""
    home = workspace.config.env.get("HOME", "~")
    files = {}
    for name, text in node.material.items():
        path = home + text.removeprefix("~") if text.startswith("~/") else text
        files[name] = workspace.config.root / path
        try:
            files[name].read_bytes()
        except OSError as error:
            raise ConfigurationError(
                f"Cannot build {node.platform} on {node.endpoint}: its TLS file '{name}' cannot"
                " be read.",
                why=str(error),
                next_step="Create the file, or change its path in [tool.towpath.builders].",
            ) from error
    return files


def _environment(node: BuilderNode, files: Mapping[str, Path], stack: ExitStack) -> dict[str, str]:
    """Return the variables that select another engine, and override those of the environment."""
    env = {"DOCKER_HOST": node.endpoint, "DOCKER_CONTEXT": "", "DOCKER_TLS_VERIFY": ""}
    if node.scheme == TCP and files:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="towpath-")))
        for name, file in files.items():
            (folder / NAMES[name]).symlink_to(file.absolute())
        env |= {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(folder)}
    return env


def _emulates(workspace: Workspace, node: BuilderNode, native: str) -> bool:
    """Tell whether a machine has another platform than it builds for, with a warning."""
    if native != node.platform:
        workspace.terminal.warn(
            f"{node.endpoint} is a {native} machine: builds for {node.platform} run under emulation"
            " there."
        )
    return native != node.platform


def _cannot_build(
    node: BuilderNode, error: CommandFailedError | NothingToJudgeError
) -> CommandFailedError:
    how = "kubectl get nodes"
    if node.scheme != KUBERNETES:
        tls_flags = [f"--tls{CLIENT_FLAGS[name]}={file}" for name, file in node.material.items()]
        tls = ["--tlsverify", *tls_flags] if tls_flags else []
        how = " ".join(["docker", f"--host={node.endpoint}", *tls, "info"])
    return CommandFailedError(
        f"Cannot build {node.platform} on {node.endpoint}: {error.what}",
        why=error.why.strip(),
        next_step=(
            f"Check with `{how}`. To build everything locally, set TOWPATH_BUILDERS to an empty"
            " value."
        ),
    )
