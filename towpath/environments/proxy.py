"""The proxy by HAProxy's runtime API: which containers get requests.

The API listens inside the proxy's container only. Each command goes through `bash` there, which
the official image has, over its /dev/tcp: no port is published and no socket is mounted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from towpath.core.backoff import Backoff, attempts
from towpath.core.clock import SYSTEM, Clock
from towpath.core.errors import CommandFailedError, ProxyUnreachableError
from towpath.environments import haproxy_reader as haproxy
from towpath.environments.haproxy_reader import ResponseCount, Slot
from towpath.evidence.journal import StateFiles

BACKEND, FRONTEND = "web", "public"
STATE_FILE, READABLE = "proxy/servers.state", 0o644
# An engine under load can lose the end of the output of a command: this line marks it.
END_MARK = "towpath: end of answer"
SCRIPT = (
    "exec 3<>/dev/tcp/127.0.0.1/9999 && printf '%s\\n' \"$1\" >&3"
    " && cat <&3 && printf '%s\\n' \"$2\""
)
# Sends a file of the container as the payload of a command, which ends at an empty line. So a key
# is in no argument.
UPLOAD = (
    'exec 3<>/dev/tcp/127.0.0.1/9999 && { printf \'set ssl cert %s <<\\n\' "$1"; cat "$1";'
    " printf '\\n'; } >&3 && cat <&3 && printf '%s\\n' \"$2\""
)
# Where the container has the directory of the slots.
MOUNTED = "/var/lib/towpath"
MAINTENANCE = "maintenance.map"
RETRY = Backoff(first=0.2, longest=0.4, attempts=5)
STATES = ("ready", "drain", "maint")


class Proxy:
    """The slots of one environment's proxy.

    `execute` runs a command in the proxy's container and returns exit code and output. After each
    change the slots are written to the environment's `state`, from where the proxy takes them when
    it starts.
    """

    def __init__(
        self,
        execute: Callable[[Sequence[str]], tuple[int, str]],
        state: StateFiles,
        clock: Clock = SYSTEM,
    ) -> None:
        self._execute = execute
        self._clock = clock
        self._state = state

    def slots(self) -> list[Slot]:
        """Return the current slots.

        Raises CommandFailedError if HAProxy does not answer, and NothingToJudgeError for an answer
        that cannot be read.
        """
        answer = self._ask(f"show servers state {BACKEND}; show stat {BACKEND} 4 -1")
        return haproxy.slots(answer, BACKEND)

    def slot(self, host: str) -> Slot | None:
        """Return the slot of a container, or None where it has none.

        Raises CommandFailedError if HAProxy does not answer, and NothingToJudgeError for an answer
        that cannot be read.
        """
        return next((slot for slot in self.slots() if slot.host == host), None)

    def responses(self) -> ResponseCount:
        """Return how many responses clients got since the proxy started.

        Raises CommandFailedError if HAProxy does not answer, and NothingToJudgeError for an answer
        that cannot be read.
        """
        return haproxy.responses(self._ask(f"show stat {FRONTEND} 1 -1"), FRONTEND)

    def add_server(self, host: str) -> None:
        """Assign a slot to a container that has none; it gets no requests yet.

        Raises CommandFailedError if no slot is free.
        """
        slots = self.slots()
        if any(slot.host == host for slot in slots):
            return
        free = next((slot for slot in slots if not slot.host), None)
        if free is None:
            raise CommandFailedError(
                f"HAProxy has no free slot for {host}.",
                why=f"All {len(slots)} slots are in use: "
                f"{', '.join(slot.host for slot in slots)}.",
            )
        self._rename(free.name, host)

    def set(self, host: str, state: str) -> None:
        """Set the slot of a container to ready, drain or maint, and save.

        Raises CommandFailedError if HAProxy does not answer or refuses the command.
        """
        slot = self.slot(host)
        if slot is None:
            raise CommandFailedError(f"HAProxy has no slot for {host}.")
        self._tell(f"set server {BACKEND}/{slot.name} state {state}")
        self.save()

    def clear(self, host: str) -> None:
        """Take a container out of its slot, if it has one, and save.

        Raises CommandFailedError if HAProxy does not answer or refuses the command.
        """
        slot = self.slot(host)
        if slot is None:
            return
        self._tell(f"set server {BACKEND}/{slot.name} state maint")
        self._rename(slot.name, haproxy.EMPTY)
        self.save()

    def load_certificate(self, file: str) -> None:
        """Use a certificate with its key from now on; `file` is below the proxy's own files.

        Raises CommandFailedError if HAProxy does not answer or refuses it.
        """
        path = f"{MOUNTED}/{file}"
        answer = self._ask(path, UPLOAD)
        if not any(words in answer for words in ("Transaction created", "Transaction updated")):
            raise _refused(f"set ssl cert {path}", answer.strip())
        if "Success" not in (answer := self._ask(f"commit ssl cert {path}")):
            raise _refused(f"commit ssl cert {path}", answer.strip())

    def maintain(self, seconds: int) -> None:
        """Answer every request with 503 and so many seconds in Retry-After; 0 ends that.

        It is written down, too, for a proxy that starts again. Raises CommandFailedError if HAProxy
        does not answer or refuses the command.
        """
        name = f"{MOUNTED}/{MAINTENANCE}"
        line = f"on {seconds}\n" if seconds else ""
        self._state.write(f"proxy/{MAINTENANCE}", line.encode(), READABLE)
        self._tell(f"clear map {name}")
        if seconds:
            self._tell(f"add map {name} on {seconds}")

    @property
    def maintained(self) -> bool:
        """Whether every request is answered with 503 on purpose.

        Raises CommandFailedError if HAProxy does not answer.
        """
        return " on " in self._ask(f"show map {MOUNTED}/{MAINTENANCE}")

    def save(self) -> None:
        """Write the slots to the state, for a proxy that starts again.

        Raises CommandFailedError if HAProxy does not answer or refuses the command.
        """
        # The proxy reads it as another user; what keeps others away is the directory above.
        self._state.write(STATE_FILE, self._ask("show servers state").encode(), READABLE)

    def _rename(self, slot: str, host: str) -> None:
        """Tell a slot which container it is for; the same name again is fine."""
        answer = self._ask(f"set server {BACKEND}/{slot} fqdn {host}").strip()
        if not any(words in answer for words in ("changed its FQDN", "no need to change")):
            raise _refused(f"fqdn {host}", answer)

    def _tell(self, command: str) -> None:
        """Give a command whose success is silence."""
        if answer := self._ask(command).strip():
            raise _refused(command, answer)

    def _ask(self, command: str, script: str = SCRIPT) -> str:
        """Return the complete answer; our commands are idempotent and may be repeated."""
        output = ""
        for _ in attempts(RETRY, self._clock):
            code, output = self._execute(["bash", "-c", script, "towpath", command, END_MARK])
            if code:
                break
            answer, complete, _rest = output.rpartition(END_MARK)
            # HAProxy ends every answer with a line, also that of a command whose success is
            # silence. On a busy machine it closes a connection without one.
            if complete and answer:
                return answer
        raise ProxyUnreachableError(
            f"HAProxy's runtime API did not answer `{command}`.", why=output.strip()
        )


def _refused(command: str, answer: str) -> CommandFailedError:
    return CommandFailedError(f"HAProxy rejected `{command}`.", why=answer or "It gave no reason.")
