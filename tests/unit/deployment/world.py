"""An environment in memory: containers, a proxy and Compose, as a deployment meets them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.clock import QuickClock
from tests.fakes import FakeRunner, QuietTerminal
from tests.state import DirectoryState
from towpath.config import parse
from towpath.config.workspace import Workspace
from towpath.core.errors import CommandFailedError, EngineUnreachableError
from towpath.core.runner import Outcome, command_failed
from towpath.environments.engine import Container, EngineImage
from towpath.environments.environment import Site

FIRST, SECOND = "sha256:" + "1" * 64, "sha256:" + "2" * 64
SERVICES = ("database", "cache", "queue", "proxy")
PROCESSES = {"web": "serve", "worker": "work"}
PRODUCT_SERVICES = {
    "database": {"kind": "postgres", "name": "dashboard", "user": "dashboard"},
    "cache": "memcached",
    "queue": {"kind": "rabbitmq", "user": "dashboard"},
}
NO_MIGRATIONS: dict[str, Any] = {
    "vendor": "postgresql",
    "leaves": [],
    "empty": False,
    "unknown": [],
    "pending": [],
    "hash": "h",
}
HEAD_STATES = "1\n# be_id be_name srv_name srv_fqdn srv_admin_state"
HEAD_STAT = (
    "# pxname,svname,status,scur,qcur,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,"
    "hrsp_other,econ,eresp"
)


def at(name: str, letter: str) -> str:
    """Return an image by the digest that is made of one hex digit."""
    return f"{name}@sha256:{letter * 64}"


@dataclass
class Slot:
    """A slot of the proxy."""

    host: str = "localhost"
    state: str = "maint"
    sessions: int = 0
    good: int = 0
    bad: int = 0


@dataclass
class World(FakeRunner):
    """Engine, proxy and runner in one; `sick` are digests whose containers do not get well.

    `errors` are digests that answer with errors once they get requests. `acts` are what was done.
    So many answers of the proxy are `cut` before their end. `kept` are volumes of an earlier time.
    """

    rows: list[Container] = field(default_factory=list)
    # Those of `rows` that run one command.
    left: list[Container] = field(default_factory=list)
    slots: list[Slot] = field(default_factory=lambda: [Slot() for _ in range(8)])
    sick: set[str] = field(default_factory=set)
    errors: set[str] = field(default_factory=set)
    restarts: int = 0
    plan: dict[str, Any] = field(default_factory=lambda: dict(NO_MIGRATIONS))
    images: dict[str, str] = field(default_factory=dict)
    acts: list[str] = field(default_factory=list)
    # The pages that were asked of containers.
    asked: list[str] = field(default_factory=list)
    broken: str = ""
    backups: Path = Path(".")
    cut: int = 0
    kept: list[str] = field(default_factory=list)
    # The images that services name, and what each tag points at in the engine and in its registry.
    named: dict[str, str] = field(default_factory=lambda: {name: f"{name}:1" for name in SERVICES})
    tags: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {f"{name}:1": (at(name, "a"),) for name in SERVICES}
    )
    registry: dict[str, tuple[str, ...]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    # The lines of the proxy's log; None where it cannot be read.
    log: list[str] | None = field(default_factory=list)
    # The frontend's responses, and errors among them; None where the proxy has no such frontend.
    responses: tuple[int, int] | None = (0, 0)
    # Whether the engine does not answer now.
    away: Callable[[], bool] = lambda: False
    # The seconds that the last container of a service had to end.
    patience: dict[str, int] = field(default_factory=dict)
    _number: int = 0

    # What an engine does

    def _answer(self) -> None:
        if self.away():
            raise EngineUnreachableError("Docker API call failed: it is away.")

    def containers(self, project: str, service: str = "") -> list[Container]:
        """Return the containers of a service, or all."""
        self._answer()
        rows = [row for row in self.rows if row not in self.left]
        return [row for row in rows if service in ("", row.service)]

    def commands(self, project: str) -> list[Container]:
        """Return the containers of commands that the test put there."""
        return [row for row in self.left if row in self.rows]

    def volumes(self, project: str) -> list[str]:
        """Return the volumes that the test put there."""
        return self.kept

    def execute(self, container: Container, argv: Sequence[str]) -> tuple[int, str]:
        """Answer a request for a page of a web container, or a command to the proxy."""
        self._answer()
        if argv[0] == "timeout":
            return 0, self._page(argv)
        if self.cut:
            self.cut -= 1
            return 0, self._proxy(argv[-2])[:40]
        return 0, f"{self._proxy(argv[-2])}\n{argv[-1]}\n"

    def _page(self, argv: Sequence[str]) -> str:
        """Return what the web container of a request answers: 503 where it is sick."""
        host, mark, requests = argv[6], argv[8], argv[9:]
        self.asked += [f"{host} {request.split()[1]}" for request in requests]
        ill = self._digest(host) in self.sick
        status = "503 Service Unavailable" if ill else "200 OK"
        text = f"HTTP/1.0 {status}\r\n\r\n{'not ready' if ill else 'Log in'}\n{mark} 0\n"
        return text * len(requests)

    def stop(self, container: Container, patience: int) -> None:
        """Stop a container."""
        self._answer()
        self.acts.append(f"stop {container.version} {container.service}")
        self.patience[container.service] = patience
        self._set_running(container, False)

    def ask_to_stop(self, container: Container) -> None:
        """Let a container end at once."""
        self._answer()
        if any(row.id == container.id and row.running for row in self.rows):
            self.acts.append(f"ask {container.version} {container.service}")
            self._set_running(container, False)

    def end_sessions(self, label: str) -> int:
        """Let whoever has the lock lose it."""
        self.acts.append(f"end {label}")
        return 1

    def start(self, container: Container) -> None:
        """Start a container again."""
        self._answer()
        self.acts.append(f"start {container.version} {container.service}")
        self._set_running(container, True)

    def _set_running(self, container: Container, running: bool) -> None:
        self.rows = [
            replace(row, running=running) if row.id == container.id else row for row in self.rows
        ]

    def logs(self, container: Container, lines: int) -> str:
        """Return something to recognize."""
        return f"log of {container.name}"

    def log_lines(self, container: Container, since: float, lines: int) -> list[str]:
        """Return the lines that the test put there."""
        if self.log is None:
            raise CommandFailedError("Docker API call failed: read the log.")
        return self.log

    def statistics(self, container: Container) -> Mapping[str, Any]:
        """Return statistics in which a tenth of one processor and of the memory is used."""
        self._number += 1
        passed = self._number * 10**9
        return {
            "cpu_stats": {
                "cpu_usage": {"total_usage": passed // 10},
                "system_cpu_usage": passed,
                "online_cpus": 1,
            },
            "memory_stats": {"usage": 12, "limit": 100, "stats": {"inactive_file": 2}},
        }

    def remove(self, container: Container, patience: int) -> None:
        """Remove a container."""
        self._answer()
        self.acts.append(f"remove {container.version} {container.service}")
        self.patience[container.service] = patience
        self.rows = [row for row in self.rows if row.id != container.id]

    def image(self, reference: str) -> EngineImage | None:
        """Return an image that is there."""
        if reference in self.tags:
            return EngineImage("linux/amd64", 1, self.tags[reference])
        if any(reference in digests for digests in self.tags.values()):
            return EngineImage("linux/amd64", 1, (reference,))
        return EngineImage(self.images[reference], 1) if reference in self.images else None

    def platform(self) -> str:
        """Return the platform of this engine."""
        self._answer()
        return "linux/amd64"

    # What a runner does

    def answer(
        self, argv: tuple[str, ...], env: dict[str, str], stdin: str | None, check: bool
    ) -> Outcome:
        """Do what Compose would do; git knows of no remote."""
        if argv[0] == "git":
            return Outcome(argv, 1, "", "", 0.1)
        if self.away():
            raise command_failed(Outcome(argv, 1, "", "Cannot connect", 0.1), " ".join(argv))
        if argv[:2] == ("docker", "pull"):
            self._docker_pull(argv[-1])
            return Outcome(argv, 0, "", "", 0.1)
        self.files = [word for word in argv if word.startswith("--file=")]
        words = [word for word in argv[3:] if not word.startswith("--project")]
        words = [word for word in words if not word.endswith((".yaml", "images.json"))]
        if self.broken and self.broken in words:
            raise command_failed(Outcome(argv, 1, "", "it broke", 0.1), " ".join(argv))
        said = getattr(self, f"_compose_{words[0].strip('-').split('=')[0]}")(words[1:], env)
        return Outcome(argv, 0, said, "", 0.1)

    def _compose_up(self, words: list[str], env: Mapping[str, str]) -> str:
        scales = [word.removeprefix("--scale=").split("=") for word in words if "scale" in word]
        for service, count in scales:
            while len(self.containers("", service)) < int(count):
                self._add(service, env)
        for service in (word for word in words if not word.startswith("--")):
            if not self.containers("", service):
                self._add(service, env)
        return ""

    def _compose_pull(self, _words: list[str], env: Mapping[str, str]) -> str:
        self.images[env["TOWPATH_IMAGE"]] = "linux/amd64"
        return ""

    def _compose_run(self, words: list[str], _env: Mapping[str, str]) -> str:
        if "--user=0:0" in words:
            self.acts.append(f"hand over {' '.join(words[words.index('towpath') + 1 :])}")
            return ""
        if "plan" in words:
            return "noise\n" + json.dumps(self.plan)
        self.acts.append("apply")
        applied = [row["name"] for row in self.plan["pending"]]
        return json.dumps({"applied": applied, "attempts": 1})

    def _compose_exec(self, words: list[str], _env: Mapping[str, str]) -> str:
        name = next(word for word in words if word.startswith("--file=")).rpartition("/")[2]
        (self.backups / name).write_text("dump")
        self.acts.append("backup")
        return ""

    def _compose_logs(self, words: list[str], _env: Mapping[str, str]) -> str:
        wanted = [word for word in words if not word.startswith("--")]
        names = [row.name for row in self.rows if row.service in wanted or not wanted]
        return "".join(f"log of {name}\n" for name in names)

    def _compose_port(self, _words: list[str], _env: Mapping[str, str]) -> str:
        return "127.0.0.1:32768\n"

    def _docker_pull(self, name: str) -> None:
        if name not in self.registry:
            raise command_failed(Outcome(("docker", "pull"), 1, "", "not found", 0.1), "pull")
        self.acts.append(f"pull {name}")
        self.tags[name] = self.registry[name]

    def _compose_profile(self, words: list[str], _env: Mapping[str, str]) -> str:
        if "config" in words:
            own = {name: {"image": "not-needed"} for name in ("web", "worker", "migrate")}
            named = {service: {"image": name} for service, name in self.named.items()}
            return json.dumps({"services": own | named})
        self.acts.append(" ".join(words))
        self.rows = []
        return ""

    def _add(self, service: str, env: Mapping[str, str]) -> None:
        self._number += 1
        digest = env["RELEASE_DIGEST"] if service in ("web", "worker", "beat") else ""
        ill = digest in self.sick and bool(digest)
        self.rows.append(
            Container(
                id=str(self._number),
                name=f"{service}-{self._number}",
                service=service,
                running=True,
                health="starting" if ill else "healthy",
                restarts=self.restarts if ill else 0,
                digest=digest,
                version=env["TOWPATH_VERSION"],
                deployment=env["TOWPATH_DEPLOYMENT"],
                image=env["TOWPATH_IMAGE"],
                addresses={"inside": f"10.0.0.{self._number}"},
            )
        )

    # What a proxy does

    def _proxy(self, command: str) -> str:
        if command.startswith("show stat public"):
            return self._frontend()
        if command.startswith("show"):
            return self._show()
        words = command.split()
        slot = self.slots[int(words[2].rpartition("web")[2]) - 1]
        if words[3] == "fqdn":
            slot.host = words[4]
            return "changed its FQDN"
        slot.state = words[4]
        self.acts.append(f"{slot.host} {slot.state}")
        if slot.state == "ready" and self._digest(slot.host) in self.errors:
            slot.bad += 10
        return ""

    def _frontend(self) -> str:
        if self.responses is None:
            return "\n"
        good, bad = self.responses
        row = f"public,FRONTEND,OPEN,0,0,0,{good},0,0,{bad},0,0,0"
        return f"{HEAD_STAT}\n{row}\n\n"

    def _show(self) -> str:
        admin = {"ready": 68, "drain": 76, "maint": 37}
        states = [
            f"3 web web{number} {slot.host} {admin[slot.state]}"
            for number, slot in enumerate(self.slots, 1)
        ]
        stat = [
            f"web,web{number},{'UP' if slot.state == 'ready' else 'MAINT'},{slot.sessions},0,"
            f"0,{slot.good},0,0,{slot.bad},0,0,0"
            for number, slot in enumerate(self.slots, 1)
        ]
        return "\n".join([HEAD_STATES, *states, "", HEAD_STAT, *stat, "", ""])

    def _digest(self, host: str) -> str:
        return next((row.digest for row in self.rows if row.name == host), "")

    @property
    def ready(self) -> list[str]:
        """The versions that get requests."""
        hosts = {slot.host for slot in self.slots if slot.state == "ready"}
        return [row.version for row in self.rows if row.name in hosts]

    def change(self, service: str, **values: Any) -> None:
        """Change every container of a service."""
        self.rows = [replace(row, **values) if row.service == service else row for row in self.rows]


def site_of(
    world: World, root: Path, tables: Mapping[str, Any] | None = None, **settings: Any
) -> Site:
    """Return the site of an environment `staging` in this world.

    `tables` are further ones of `[tool.towpath]`, `settings` are keys of the environment.
    """
    (root / "compose").mkdir(exist_ok=True)
    for name in ("base.yaml", "staging.yaml", "haproxy.cfg"):
        (root / "compose" / name).touch()
    config = parse(
        {
            "name": "box",
            "compose": "compose",
            "processes": PROCESSES,
            "services": PRODUCT_SERVICES,
            "environments": {"staging": {"port": 8081, "bake": 1, **settings}},
            **(tables or {}),
        },
        root,
        {"TOWPATH_STATE": str(root / "state")},
    )
    workspace = Workspace(config, world, QuietTerminal())
    state = DirectoryState(root / "state" / "staging")
    site = Site(workspace, config.environment("staging"), world, state, QuickClock())
    world.backups = state.directory / "backups"
    for digest in (FIRST, SECOND):
        world.images[config.images.at(digest)] = "linux/amd64"
    return site


def said(site: Site) -> str:
    """Return everything that was told on a site's terminal."""
    terminal = site.workspace.terminal
    assert isinstance(terminal, QuietTerminal)
    return terminal.said
