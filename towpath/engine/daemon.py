"""Starts and stops the engine's processes, by pid and start time, never by name."""

from __future__ import annotations

import http.client
import secrets
import shutil
import signal
import socket
from pathlib import Path

from towpath.core import private
from towpath.core.errors import CommandFailedError, ConfigurationError
from towpath.core.runner import Running
from towpath.engine import clients, processes, recipes
from towpath.engine.discover import answers
from towpath.engine.layout import Layout
from towpath.engine.ports import holder

SCRIPT = Path(__file__).with_name("engine.sh")
# Written atomically by the process itself, before it starts anything that must be stopped.
RECORD = (
    "umask 077"
    ' && cat /proc/sys/kernel/random/boot_id "/proc/$$/stat" > "$1.part" && mv "$1.part" "$1"'
    ' && shift && exec "$@"'
)
NAMESPACES = ("--pid", "--fork", "--kill-child", "--mount", "--mount-proc", "--propagation=slave")
START, STOP = 30.0, 40.0
SHOWN = 12  # lines of the log in an error


def running(layout: Layout) -> processes.SystemProcess | None:
    """Return the engine's outer process while it lives."""
    try:
        record = layout.record.read_text()
    except OSError:
        return None
    found = processes.parse_record(record, processes.BOOT.read_text())
    return found if found is not None and processes.living(found) else None


def start(layout: Layout, root: Path, foreign: str, runner: Running) -> None:
    """Start dockerd and the registry and return when both answer.

    Raises ConfigurationError for a registry port that is taken, CommandFailedError with the end
    of the log for an engine that does not come up.
    """
    _refuse_taken(layout.port)
    _prepare(layout, root, runner.env)
    layout.log.unlink(missing_ok=True)
    machine = recipes.MACHINES[foreign]
    inner = ["sh", str(SCRIPT), str(root), str(layout.run), machine]
    outer = ["unshare", *NAMESPACES, *inner]
    private.write_private(layout.log, "")
    runner.spawn(["sh", "-c", RECORD, "sh", str(layout.record), *outer], log=layout.log)

    def up_or_dead() -> bool:
        return ready(layout) or (layout.record.exists() and running(layout) is None)

    if not (processes.until(up_or_dead, START) and ready(layout)):
        stop(layout)
        why = reason(layout.log.read_text(errors="replace"))
        raise CommandFailedError("The embedded engine did not start.", why=why or "No output.")


def reason(log: str) -> str:
    """Return the lines of a log that say why dockerd ended: from a panic on, else the last."""
    lines = log.splitlines()
    panic = next((number for number, line in enumerate(lines) if line.startswith("panic: ")), None)
    return "\n".join(lines[-SHOWN:] if panic is None else lines[panic : panic + SHOWN])


def ready(layout: Layout) -> bool:
    """Tell whether both the Docker engine and the registry answer."""
    return answers(layout.host) and registry_answers(layout.port)


def registry_answers(port: int, path: str = "/") -> bool:
    """Tell whether the registry on this machine answers a path with 200; everybody may read."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    accept = {"Accept": "application/vnd.oci.image.index.v1+json, */*"}
    try:
        connection.request("HEAD", path, headers=accept)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def stop(layout: Layout) -> bool:
    """Stop the engine with all it runs; False when there was nothing to stop.

    First with SIGTERM, so that containers end properly; then the kernel ends its namespace, which
    leaves no process and no mount.
    """
    outer = running(layout)
    if outer is not None:
        for inner in processes.children(outer):
            processes.end(inner, signal.SIGTERM)
        if not processes.wait(outer, STOP):
            processes.end(outer, signal.SIGKILL)
            processes.wait(outer, STOP)
    shutil.rmtree(layout.run, ignore_errors=True)
    return outer is not None


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ConfigurationError(
                f"Port {port} on 127.0.0.1 is in use, but the embedded engine's registry "
                "needs it.",
                why=f"{error}. It is used by "
                f"{holder(port) or 'a program that only root can identify'}.",
                next_step="Free the port, or choose another one: TOWPATH_ENGINE_PORT=5001 and"
                " TOWPATH_REGISTRY=localhost:5001.",
            ) from error


def _prepare(layout: Layout, root: Path, env: dict[str, str]) -> None:
    shutil.rmtree(layout.run, ignore_errors=True)
    private.sole_directory(layout.run)
    run, password = layout.run, secrets.token_urlsafe(32)
    private.write_private(layout.password, password)
    private.write_private(
        run / "daemon.json", recipes.daemon_config(layout.state, run, layout.port)
    )
    private.write_private(run / "registry.yml", recipes.registry_config(layout.state, run))
    private.write_private(run / "registry.cfg", recipes.front_config(run, layout.port, password))
    private.sole_directory(layout.cli)
    (layout.cli / "docker").symlink_to(root / "usr/bin/docker")
    private.sole_directory(layout.client_config)
    (layout.client_config / "cli-plugins").symlink_to(root / "usr/libexec/docker/cli-plugins")
    clients.write_config(layout, env)
