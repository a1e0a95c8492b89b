"""Dependencies without a wheel: made once, kept, and given to the next build."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.fakes import Answer, QuietTerminal, TableRunner, outcome
from tests.layers import AMD64, ARM64, program, wheel
from tests.registry_server import Fault, Store
from tests.releases import session_at
from towpath.errors import CommandFailedError, NothingToJudgeError
from towpath.flows import shed, wheels
from towpath.flows.bake import Order
from towpath.flows.builders import Place
from towpath.flows.session import Session
from towpath.flows.workshop import Workshop
from towpath.readers.wheels import Source
from towpath.runner import Outcome, command_failed

pytestmark = pytest.mark.door

SHA256 = "a" * 64
PINS = f"Thing==1.0 \\\n    --hash=sha256:{SHA256}\n"
DOCKERFILE = """ARG PYTHON=3.13
FROM python:${PYTHON}-slim AS toolchain
RUN tools
FROM toolchain AS making
RUN make
FROM python:${PYTHON}-slim AS production
"""
LOCK = f"""[[packages]]
name = "thing"
version = "1.0"
sdist = {{ url = "https://e/thing-1.0.tar.gz", hashes = {{ sha256 = "{SHA256}" }} }}
"""
INFO = json.dumps(
    {
        "Architecture": "x86_64",
        "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]],
    }
)
BOTH = ("linux/amd64", "linux/arm64")
ORDER = Order(("production",), BOTH, {}, {})


@dataclass
class Machine:
    """A project, and buildx as it makes wheels: pure ones, or one for each platform.

    `fails` are the ways in which a wheel cannot be made, `strange` those in which it comes out for
    the machine that makes it; `base` is the digest of the base.
    """

    root: Path
    store: Store
    pure: bool = False
    fails: tuple[str, ...] = ()
    strange: tuple[str, ...] = ()
    base: str = "sha256:" + "b" * 64
    made: list[str] = field(default_factory=list)
    given: list[str] = field(default_factory=list)

    def session(self, name: str = "here") -> Session:
        """Return a session of a machine of its own: it shares the registry alone."""
        root = self.root / name
        (root / "requirements").mkdir(parents=True, exist_ok=True)
        (root / "requirements/production.txt").write_text(PINS)
        (root / "requirements/test.txt").write_text(PINS)
        (root / "Dockerfile").write_text(DOCKERFILE)
        table: dict[str, Answer] = {
            "docker info": INFO,
            "uv pip compile": self._lock,
            "buildx bake": self._bake,
            "buildx build": self._make,
        }
        return session_at(root, self.store, TableRunner(table))

    def build(self, session: Session, order: Order = ORDER) -> wheels.Given:
        """Build what wants a wheel of the dependency for each platform."""
        return wheels.provided(session, order, lambda row: self._solve(session, row), str)[1]

    def _solve(self, session: Session, order: Order) -> str:
        self.given.append(order.wheels)
        for platform in order.platforms:
            place = Path(order.wheels or "nowhere", platform.partition("/")[2])
            pins = place / "production.txt"
            found = {hashlib.sha256(row.read_bytes()).hexdigest() for row in place.glob("*.whl")}
            if not found or not all(name in pins.read_text() for name in found):
                log = session.config.reports / "logs" / "build.log"
                log.parent.mkdir(parents=True, exist_ok=True)
                log.write_text(f"#9 {wheels.WANTED} for {platform}")
                raise CommandFailedError("docker failed", why="exit code 1")
        return self.base

    @staticmethod
    def _lock(argv: tuple[str, ...]) -> Outcome:
        into = next(word for word in argv if word.startswith("--output-file="))
        Path(into.partition("=")[2]).write_text(LOCK)
        return outcome()

    def _bake(self, argv: tuple[str, ...]) -> Outcome:
        given = dict(word.split("=", 1) for word in argv if "=" in word)
        text = json.dumps({"base-0": {"containerimage.digest": self.base}})
        Path(given["--metadata-file"]).write_text(text)
        return outcome()

    def _make(self, argv: tuple[str, ...]) -> Outcome:
        words = " ".join(argv)
        into = Path(words.rpartition("dest=")[2].partition(" ")[0])
        how = into.name.rpartition("-")[2]
        if how in self.fails or (how == "pure" and not self.pure):
            raise command_failed(outcome(code=1, stderr="no compiler"), words)
        platform = next(word for word in argv if word.startswith("--platform=")).rpartition("/")[2]
        machine = {"amd64": "x86_64", "arm64": "aarch64"}[platform]
        tags = "py3-none-any" if how == "pure" else f"cp313-cp313-linux_{machine}"
        into.mkdir(parents=True, exist_ok=True)
        files = {"thing/how": f"{words} {len(self.made)}".encode()}
        if how != "pure" or how in self.strange:
            elf = AMD64 if how in self.strange else {"amd64": AMD64, "arm64": ARM64}[platform]
            files["thing/part.so"] = program(elf)
        (into / f"thing-1.0-{tags}.whl").write_bytes(wheel(files))
        self.made.append(f"{platform} {how}")
        return outcome()


@pytest.fixture
def machine(tmp_path: Path, store: Store) -> Machine:
    """Return a project whose one dependency has no wheel, and C code."""
    return Machine(tmp_path, store)


def ways(given: wheels.Given) -> dict[str, str]:
    """Return how the wheel for each platform came to be."""
    return {row.platform: row.how for row in given.wheels}


def test_nothing_is_asked_where_nothing_is_missing(machine: Machine) -> None:
    """A build that goes well costs no question to the index or the builder."""
    session = machine.session()

    done, given = wheels.provided(session, ORDER, lambda order: order.wheels, str)

    assert (done, given) == ("", wheels.Given())
    assert not [line for line in _lines(session) if "uv" in line or "buildx" in line]


def test_the_registry_is_asked_once_about_pins_that_want_nothing(machine: Machine) -> None:
    """This machine remembers it; wheels that are missing all the same are made."""
    session = machine.session()

    for _ in range(3):
        wheels.provided(session, ORDER, lambda order: order.wheels, str)

    asked = [line for line in machine.store.asked if "/manifests/pins-" in line]
    assert len(asked) == 1
    assert ways(machine.build(session)) == {"linux/amd64": "native", "linux/arm64": "cross"}
    assert ways(machine.build(session))["linux/arm64"] == "kept, cross"


def test_what_is_missing_is_made_across_and_given_to_the_build(machine: Machine) -> None:
    """The engine's own platform with its compiler, the other one with a cross compiler."""
    session = machine.session()

    given = machine.build(session)

    assert ways(given) == {"linux/amd64": "native", "linux/arm64": "cross"}
    assert sorted(machine.made) == ["amd64 native", "arm64 cross"]
    assert machine.given[0] == "" and machine.given[1] == str(given.folder)


def test_a_pure_one_is_made_once_for_all(machine: Machine) -> None:
    """No compiler is asked for, and every platform gets the same file."""
    machine.pure = True

    given = machine.build(machine.session())

    assert ways(given) == dict.fromkeys(BOTH, "pure")
    assert machine.made == ["amd64 pure"]
    assert len({row.sha256 for row in given.wheels}) == 1


def test_what_cannot_be_made_across_is_made_under_emulation(machine: Machine) -> None:
    """Only that one, for that platform; it is said, since it takes long."""
    machine.fails = ("cross",)
    session = machine.session()

    given = machine.build(session)

    assert ways(given) == {"linux/amd64": "native", "linux/arm64": "emulated"}
    emulated = [line for line in _lines(session) if "arm64-emulated" in line]
    assert ["--build-arg=MADE_ON=linux/arm64" in line for line in emulated] == [True]
    assert "is built under emulation" in " ".join(_said(session).split())


def test_a_wheel_with_programs_of_another_machine_is_no_wheel(machine: Machine) -> None:
    """A build that takes the wrong compiler ends well; what it made is not kept, nor given."""
    machine.strange = ("cross",)
    session = machine.session()

    given = machine.build(session)

    assert ways(given) == {"linux/amd64": "native", "linux/arm64": "emulated"}
    assert "thing/part.so (x86-64)" in " ".join(_said(session).split())
    assert ways(machine.build(machine.session("other")))["linux/arm64"] == "kept, emulated"


def test_a_pure_wheel_with_programs_in_it_is_made_with_a_compiler(machine: Machine) -> None:
    """Its name says that it is for every machine, and it is not."""
    machine.pure, machine.strange = True, ("pure",)

    given = machine.build(machine.session())

    assert ways(given) == {"linux/amd64": "native", "linux/arm64": "cross"}


def test_what_a_killed_build_left_is_not_taken_for_the_wheel(machine: Machine) -> None:
    """The directory of each wheel is emptied first."""
    session = machine.session()
    left = session.config.reports / "build" / "wheel-thing-arm64-cross" / "thing-0.9-old.whl"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")

    given = machine.build(session)

    assert ways(given)["linux/arm64"] == "cross" and not left.exists()


def test_what_cannot_be_made_at_all_ends_the_build(machine: Machine) -> None:
    """Nothing is kept of it, and the next build begins anew."""
    machine.fails = ("cross", "emulated")

    with pytest.raises(CommandFailedError, match="thing 1.0 has no wheel for linux/arm64") as found:
        machine.build(machine.session())
    assert "no compiler" in found.value.why
    assert "build-packages" in found.value.next_step
    assert not [tag for tag in machine.store.tags if tag.startswith("pins-")]


@pytest.mark.parametrize("name", ["here", "elsewhere"], ids=["the same machine", "another"])
def test_the_next_build_pays_nothing(machine: Machine, name: str) -> None:
    """It is given what was made, at its first try, wherever it runs."""
    machine.build(machine.session())
    machine.made.clear()
    machine.given.clear()
    session = machine.session(name)

    given = machine.build(session)

    assert ways(given) == {"linux/amd64": "kept, native", "linux/arm64": "kept, cross"}
    assert machine.made == [] and machine.given == [str(given.folder)]
    assert not [line for line in _lines(session) if "buildx" in line or "uv" in line]


def test_another_base_wants_other_wheels(machine: Machine) -> None:
    """What was made for the one of before is not good for this one."""
    machine.build(machine.session())
    machine.base = "sha256:" + "c" * 64
    machine.made.clear()

    given = machine.build(machine.session())

    assert sorted(machine.made) == ["amd64 native", "arm64 cross"]
    assert ways(given) == {"linux/amd64": "native", "linux/arm64": "cross"}


def test_other_pins_take_over_the_wheels_that_they_share(machine: Machine) -> None:
    """A wheel follows from its own source: a change of another pin does not make it anew."""
    machine.build(machine.session())
    machine.made.clear()
    session = machine.session("changed")
    (session.config.root / "requirements/production.txt").write_text(f"# other\n{PINS}")

    given = machine.build(session)

    assert ways(given) == {"linux/amd64": "kept, native", "linux/arm64": "kept, cross"}
    assert machine.made == []


def test_a_failure_of_another_kind_is_none_of_ours(machine: Machine) -> None:
    """Nothing is looked up, and the error is the builder's own."""
    session = machine.session()

    def fail(_order: Order) -> str:
        raise CommandFailedError("a test of the builder")

    with pytest.raises(CommandFailedError, match="a test of the builder"):
        wheels.provided(session, ORDER, fail, str)
    assert not [line for line in _lines(session) if "uv" in line]


def test_the_testing_image_has_pins_of_its_own(machine: Machine) -> None:
    """Both files are looked at where that image is asked for, and each gets the new hash."""
    session = machine.session()
    order = replace(ORDER, targets=("production", "testing"))

    given = machine.build(session, order)

    assert given.folder is not None
    sha256 = next(row.sha256 for row in given.wheels if row.platform == "linux/arm64")
    for name in ("production.txt", "test.txt"):
        assert f"sha256:{sha256}" in (given.folder / "arm64" / name).read_text()
    assert len([line for line in _lines(session) if "uv pip compile" in line]) == 2


def test_a_wheel_that_nobody_has_any_more_is_made_again(machine: Machine) -> None:
    """A record of it is not enough."""
    session = machine.session()
    machine.build(session)
    for file in (session.config.state / "wheels").iterdir():
        if file.suffix != ".json":
            file.unlink()
    machine.store.blobs.clear()
    machine.made.clear()

    given = machine.build(session)

    assert sorted(machine.made) == ["amd64 native", "arm64 cross"]
    assert ways(given) == {"linux/amd64": "native", "linux/arm64": "cross"}


def test_a_registry_that_keeps_nothing_costs_the_next_machine_alone(machine: Machine) -> None:
    """The build goes on with what this machine has, and says so."""
    session = machine.session()
    _refuse_pushes(machine.store)

    given = machine.build(session)

    assert ways(given) == {"linux/amd64": "native", "linux/arm64": "cross"}
    assert "is not kept in the registry" in " ".join(_said(session).split())


def test_a_wheel_is_checked_by_its_hash(machine: Machine, tmp_path: Path) -> None:
    """Bytes that changed on this machine are taken from the registry again."""
    session = machine.session()
    wheel = machine.build(session).wheels[0]
    place = session.config.state / "wheels" / wheel.sha256
    good = place.read_bytes()
    place.write_bytes(b"other")

    assert shed.content(session, wheel) == good
    machine.store.blobs.clear()
    place.unlink()
    with pytest.raises(NothingToJudgeError, match="Nobody keeps"):
        shed.content(session, wheel)


def test_a_build_that_leaves_two_wheels_is_an_error(machine: Machine) -> None:
    """Which of them was meant is not ours to guess."""
    session = machine.session()
    row = Source("thing", "1.0", SHA256)
    folder = machine.root / "out"
    folder.mkdir()

    with pytest.raises(CommandFailedError, match="there are 0 wheels of it"):
        shed.store(session, row, "linux/amd64", "native", 1.0, folder)


def test_half_a_wheel_is_an_error(machine: Machine) -> None:
    """Nothing is kept of it."""
    session = machine.session()
    row = Source("thing", "1.0", SHA256)
    (machine.root / "thing-1.0-py3-none-any.whl").write_bytes(wheel({"a.py": b"pass"})[:-8])

    with pytest.raises(CommandFailedError, match="is no wheel"):
        shed.store(session, row, "linux/amd64", "native", 1.0, machine.root)
    assert not (session.config.state / "wheels").exists()


def test_what_a_wheel_cost_is_said() -> None:
    """Both what it costs now and what it cost when it was made."""
    wheel = shed.Wheel("thing", "1.0", "linux/arm64", "cross", 12.34, "thing.whl", SHA256)

    assert str(wheel) == "thing 1.0 for linux/arm64: cross, 12.3 s"
    assert str(wheel.taken_over.taken_over).endswith("kept, cross, 0 s, 12.3 s when it was made")


def _refuse_pushes(store: Store) -> None:
    store.faults = [Fault("/blobs/uploads/", 403) for _ in range(9)]


def _lines(session: Session) -> list[str]:
    assert isinstance(session.runner, TableRunner)
    return session.runner.lines


def _said(session: Session) -> str:
    assert isinstance(session.terminal, QuietTerminal)
    return session.terminal.said


@pytest.mark.parametrize(("emulates", "how"), [(False, "native"), (True, "cross")])
def test_a_machine_compiles_natively_only_what_it_is_of(
    machine: Machine, emulates: bool, how: str
) -> None:
    """One named for a platform that it is not of compiles across, as this one would."""
    places = [
        Place("docker", BOTH[:1]),
        Place("ssh://far", BOTH[1:], "default", {"DOCKER_HOST": "ssh://far"}, emulates),
    ]
    workshop = Workshop(machine.session(), machine.base, BOTH[0], places)

    made = list(workshop.all({Source("thing", "1.0", SHA256): BOTH}))

    assert {row.platform: row.how for row in made} == {BOTH[0]: "native", BOTH[1]: how}
