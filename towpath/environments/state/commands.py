"""The container that reads and writes an environment's state, and the program in it. Pure.

The program answers one request after the other on its standard streams. It ends with the connection
to whoever started it, or when nothing is heard for so many seconds, and with it ends the lock that
it took: the kernel of the engine's machine releases it.
"""

from __future__ import annotations

import re
from typing import Any

from towpath.core.errors import ConfigurationError

# The proxy's own image: every environment has it, with bash and the tools of Debian.
IMAGE = "haproxy:3.0"
LABEL = "towpath.state"
DIRECTORY = "/state"
# Who has the lock, or had it and died.
OWNER = "owner.json"
# Seconds without a request after which a session, and its lock, ends; how often one is sent.
EXPIRY, BEAT = 90, 10
# Bytes of a file that goes over a session: it is in the container's memory for a moment.
LARGEST = 32 << 20
_NAME = re.compile(r"(?!\.)[A-Za-z0-9._-]+(/(?!\.)[A-Za-z0-9._-]+)*")

_PROGRAM = r"""
set -u
umask 077
export LC_ALL=C
cd -- "$1" || exit
exec 9>>.lock
reply() { printf '%s %s\n%s' "$1" "${#2}" "$2"; }
done_or_failed() { if said=$("$@" 2>&1); then reply ok ''; else reply failed "$said"; fi; }
take() { head --bytes="$size" > /tmp/payload && [[ $(stat --format=%s /tmp/payload) == "$size" ]]; }
write_file() {
    mkdir -p -- "$(dirname -- "$name")" && cp -- /tmp/payload "$name.part" \
        && chmod -- "$mode" "$name.part" && sync -- "$name.part" \
        && mv --no-target-directory -- "$name.part" "$name" && sync -- "$(dirname -- "$name")"
}
append_file() {
    local before=0
    if [[ -e $name ]]; then before=$(stat --format=%s -- "$name"); fi
    cat -- /tmp/payload >> "$name" && sync -- "$name" && return
    truncate --size="$before" -- "$name"
    return 1
}
read_file() {
    if [[ ! -f $name ]]; then reply none ''; return; fi
    exec 8< "$name"
    local length
    length=$(stat --dereference --format=%s /proc/self/fd/8)
    printf 'ok %s\n' "$length"
    head --bytes="$length" <&8
    exec 8<&-
}
list_files() {
    if [[ -d $name ]]; then
        reply ok "$(find "$name" -mindepth 1 -maxdepth 1 -type f -printf '%s %f\n' | sort --key=2)"
    else
        reply ok ''
    fi
}
make_folder() { mkdir -p -- "$name" && chmod -- "$mode" "$name"; }
move_file() { mv --no-target-directory -- "$name" "$(cat /tmp/payload)"; }
lock_state() {
    local before=''
    if ! flock --nonblock 9; then reply busy "$(cat owner.json 2>/dev/null)"; return; fi
    before=$(cat owner.json 2>/dev/null)
    name=owner.json
    if said=$(write_file 2>&1); then reply ok "$before"; return; fi
    flock --unlock 9
    reply failed "$said"
}
unlock_state() { : > owner.json; flock --unlock 9; }
while IFS=' ' read -r -t "$2" verb size mode name; do
    take || exit
    case $verb in
        read) read_file ;;
        write) done_or_failed write_file ;;
        append) done_or_failed append_file ;;
        list) list_files ;;
        folder) done_or_failed make_folder ;;
        move) done_or_failed move_file ;;
        remove) done_or_failed rm -f -- "$name" ;;
        lock) lock_state ;;
        unlock) unlock_state; reply ok '' ;;
        space) reply ok "$(df --output=avail --block-size=1 . | tail -n 1)" ;;
        alive) reply ok '' ;;
        *) reply failed "unknown request: $verb" ;;
    esac
done
"""


def volume_of(project: str) -> str:
    """Return the name of the volume that has the state of a Compose project."""
    return f"{project}_environment-state"


def program(directory: str = DIRECTORY, expiry: int = EXPIRY) -> list[str]:
    """Return the command that answers requests about a directory; `expiry` is in seconds."""
    return ["bash", "-c", _PROGRAM, "state", directory, str(expiry)]


def container(project: str, image: str = IMAGE) -> dict[str, Any]:
    """Return the settings of the container of one session, as the Docker Engine API has them.

    It has no network and no right but to its volume, and is removed when it ends.
    """
    return {
        "Image": image,
        "Entrypoint": program(),
        "Cmd": [],
        "User": "0:0",
        "OpenStdin": True,
        "StdinOnce": True,
        "AttachStdin": True,
        "AttachStdout": True,
        "AttachStderr": True,
        "Tty": False,
        "Labels": {LABEL: project},
        "HostConfig": {
            "AutoRemove": True,
            "NetworkMode": "none",
            "ReadonlyRootfs": True,
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
            "PidsLimit": 64,
            "Memory": 3 * LARGEST,
            "Tmpfs": {"/tmp": f"size={2 * LARGEST},mode=700"},  # nosec B108: the container's own
            "LogConfig": {"Type": "none"},
            "Mounts": [{"Type": "volume", "Source": volume_of(project), "Target": DIRECTORY}],
        },
    }


def request(verb: str, name: str = "-", payload: bytes = b"", mode: int = 0o600) -> bytes:
    """Return a request to the program: its line, and what is written.

    Raises ConfigurationError for a name that is not one of the state's, and a payload too large.
    """
    if name != "-" and not _NAME.fullmatch(name):
        raise ConfigurationError(f"{name!r} is not the name of a file of an environment's state.")
    if len(payload) > LARGEST:
        raise ConfigurationError(
            f"{name} is too large for the state of an environment: {len(payload)} bytes.",
            why=f"At most {LARGEST} bytes are written.",
        )
    return f"{verb} {len(payload)} {mode:o} {name}\n".encode() + payload
