"""Who builds which platform: this machine's engine, or the machine that the project names for it.

A builder that has to be made is written down before it is, and taken away when its settings have
changed, so that none is left half made or forgotten.
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

# Seconds for another machine to answer, and for a builder there to start: it may pull its image.
ANSWER, START = 45.0, 300.0
WORDS = {"ca": "cacert", "cert": "cert", "key": "key"}


@contextmanager
def places(workspace: Workspace, platforms: tuple[str, ...]) -> Iterator[tuple[Builder, ...]]:
    """Give who builds these platforms, each ready to do so; they stay so until the end.

    Raises ConfigurationError for a file for TLS that is not there, and CommandFailedError, which
    names machine and platform, for one that cannot build.
    """
    nodes = [
        workspace.config.builders[name] for name in platforms if name in workspace.config.builders
    ]
    files = {node.platform: _files(workspace, node) for node in nodes}
    _forget_others(workspace)
    own = tuple(name for name in platforms if name not in files)
    with ExitStack() as stack:
        found = [here(workspace, own)] if own else []
        found += [_asked(workspace, node, files[node.platform], stack) for node in nodes]
        yield tuple(found)


def _asked(
    workspace: Workspace, node: BuilderNode, files: Mapping[str, Path], stack: ExitStack
) -> Builder:
    try:
        return _ready(workspace, node, files, stack)
    except (CommandFailedError, NothingToJudgeError) as error:
        raise _unfit(node, error) from error


def _ready(
    workspace: Workspace, node: BuilderNode, files: Mapping[str, Path], stack: ExitStack
) -> Builder:
    """Return a machine that answers, with its builder started where it needs one.

    An engine with containerd's image store needs none: it is asked directly, and nothing is made.
    """
    name = _name(workspace, node, files)
    env: dict[str, str] = {}
    foreign = False
    with workspace.terminal.step(f"Ask {node.endpoint} to build {node.platform}"):
        if node.scheme in (SSH, TCP):
            env = _environment(node, files, stack)
            said = workspace.runner.run(docker.info(), env=env, timeout=ANSWER).stdout
            foreign = _is_foreign(workspace, node, reader.native(said))
            if has_image_store(said):
                return Builder(node.endpoint, (node.platform,), "default", env, foreign)
        stack.enter_context(_made(workspace, node, name, files))
    return Builder(node.endpoint, (node.platform,), name, emulates=foreign)


@contextmanager
def _made(
    workspace: Workspace, node: BuilderNode, name: str, files: Mapping[str, Path]
) -> Iterator[None]:
    """Keep a builder that buildx knows by this name, made first if it is not there or not well."""
    record = _records(workspace) / name
    with locks.opened(record) as lock:
        # Builds share it; whoever makes it or takes it away is alone.
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
    # Whoever held the lock before may have failed, and taken the record away.
    record.write_text(node.endpoint)
    _removed(workspace, name)
    run(commands.remove_context(_context(name)), check=False)
    try:
        endpoint = node.endpoint
        if files:
            given = {key: str(file) for key, file in files.items()}
            endpoint = _context(name)
            run(commands.create_context(endpoint, node.endpoint, given))
        run(commands.create(name, node, endpoint))
        run(commands.start(name), timeout=START)
    except (CommandFailedError, InterruptedRunError, KeyboardInterrupt):
        _take_away(workspace, name)
        record.unlink(missing_ok=True)
        raise


def _context(name: str) -> str:
    """Return what a builder's context is called: buildx takes each context for a builder, too."""
    return f"{name}-engine"


def _removed(workspace: Workspace, name: str) -> bool:
    """Let buildx remove a builder; tell whether it did."""
    try:
        return workspace.runner.run(commands.remove(name), check=False, timeout=ANSWER).ok
    except CommandFailedError:  # It waits without end for a machine that is silent.
        return False


def _take_away(workspace: Workspace, name: str) -> bool:
    """Remove a builder and its context from here, and from its machine; tell whether from there.

    buildx forgets no builder whose machine does not answer: such a one becomes ours first.
    """
    done = _removed(workspace, name)
    if not done and workspace.runner.run(commands.bring_here(name), check=False).ok:
        _removed(workspace, name)
    workspace.runner.run(commands.remove_context(_context(name)), check=False)
    return done


def _forget_others(workspace: Workspace) -> None:
    """Take away the builders of settings that are no more, but for one that builds just now."""
    folder = _records(workspace)
    records = sorted(folder.iterdir()) if folder.is_dir() else []
    wanted = _wanted(workspace) if records else set()
    if wanted is None:
        return
    for record in records:
        if record.name in wanted:
            continue
        with locks.opened(record) as lock, suppress(BlockingIOError):
            lock.alone(busy=locks.give_up)
            where = record.read_text() or "its machine"
            workspace.terminal.say(f"The builder on {where} is in no settings: it is removed.")
            if not _take_away(workspace, record.name):
                workspace.terminal.warn(
                    f"{where} did not answer: what is called {record.name} may still be there."
                )
            record.unlink(missing_ok=True)


def _wanted(workspace: Workspace) -> set[str] | None:
    """Return the builders of all settings, asked for or not; None where a file of one is missing.

    Which builder is whose cannot be told then.
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
    """Return the files for TLS, each of which is there and can be read."""
    home = workspace.config.env.get("HOME", "~")
    found = {}
    for name, text in node.material.items():
        place = home + text.removeprefix("~") if text.startswith("~/") else text
        found[name] = workspace.config.root / place
        try:
            found[name].read_bytes()
        except OSError as error:
            raise ConfigurationError(
                f"{node.endpoint} cannot build {node.platform}: its {name} cannot be read.",
                why=str(error),
                next_step="Put the file there, or name another one in [tool.towpath.builders].",
            ) from error
    return found


def _environment(node: BuilderNode, files: Mapping[str, Path], stack: ExitStack) -> dict[str, str]:
    """Return what leads Docker's client to another engine, whatever leads it elsewhere now."""
    env = {"DOCKER_HOST": node.endpoint, "DOCKER_CONTEXT": "", "DOCKER_TLS_VERIFY": ""}
    if node.scheme == TCP and files:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="towpath-")))
        for name, file in files.items():
            (folder / NAMES[name]).symlink_to(file.absolute())
        env |= {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(folder)}
    return env


def _is_foreign(workspace: Workspace, node: BuilderNode, native: str) -> bool:
    """Tell whether a machine is of another platform than it builds, and say so."""
    if native != node.platform:
        workspace.terminal.warn(
            f"{node.endpoint} is a machine of {native}: what runs there for {node.platform} is"
            " emulated."
        )
    return native != node.platform


def _unfit(
    node: BuilderNode, error: CommandFailedError | NothingToJudgeError
) -> CommandFailedError:
    how = "kubectl get nodes"
    if node.scheme != KUBERNETES:
        given = [f"--tls{WORDS[name]}={file}" for name, file in node.material.items()]
        tls = ["--tlsverify", *given] if given else []
        how = " ".join(["docker", f"--host={node.endpoint}", *tls, "info"])
    return CommandFailedError(
        f"{node.endpoint} cannot build {node.platform}: {error.what}",
        why=error.why.strip(),
        next_step=f"Try `{how}`; with TOWPATH_BUILDERS= (empty) this machine builds everything.",
    )
