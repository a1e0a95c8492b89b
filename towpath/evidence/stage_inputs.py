"""What a stage depends on, as one hash: evidence on other inputs is not reused."""

from __future__ import annotations

import hashlib
import platform

import towpath
from towpath.config import Config
from towpath.config.workspace import Workspace
from towpath.core import environment, inputs
from towpath.core.files import file_hash
from towpath.evidence import record
from towpath.source import matrix as pythons
from towpath.source.snapshot import SourceFiles, SourceSnapshot


def inputs_of(source: SourceSnapshot, *more: str) -> str:
    """Return the hash of what a stage depends on: commit, tree, our Python, and what is named.

    A project's tree may hold the pins of the tools; those of the package, and what it renders, come
    with its version.
    """
    parts = (source.commit, source.tree, platform.python_version(), towpath.__version__, *more)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def check_inputs(workspace: Workspace, seen: SourceFiles, stage: str) -> str:
    """Return the hash of all that can change the answer of a check.

    Those are its files, the Python that runs it, the machine's kind, and what it asks besides:
    security the advisories, which also grow old in a day. The tests run on all Pythons that are
    here, whichever of them asks. The waivers are in the files, and the pins of the tools too, or
    they come with the version of the package.
    """
    config = workspace.config
    more: tuple[str, ...] = (platform.python_version(),)
    if stage == "tests":
        outside = config.tests.services and config.services_are_external
        more = (*_pythons(workspace), *_lines(config), *(["external services"] if outside else []))
    elif stage == "security":
        more += (today(), advisories(config))
    elif stage == "integration" and config.services_are_external:
        more += ("without an engine",)
    more += environment.inputs(passed_on(config, stage))
    return inputs.digest(
        # Without the single files, the hash of the tree.
        seen.files or (("", seen.tree),),
        excluded_patterns(config, stage),
        *(stage, towpath.__version__, platform.system(), platform.machine(), *more),
    )


def excluded_patterns(config: Config, stage: str) -> tuple[str, ...]:
    """Return the patterns of the files that a check does not depend on.

    The baseline is one: what may not get worse is a part of the policy.
    """
    return (*config.ignored.get(stage, ()), *filter(None, [config.baseline_file]))


def today() -> str:
    """Return the day in UTC, for what grows old in a day."""
    return record.now().date().isoformat()


def _pythons(workspace: Workspace) -> tuple[str, ...]:
    """Return the Pythons that are to be tested, and the exact version of each that is here."""
    here = pythons.installed(workspace)
    return tuple(f"{name} {here.get(name, '-')}" for name in pythons.selected(workspace.config))


def _lines(config: Config) -> tuple[str, ...]:
    """Return the lines of Django and the day where there are several: their newest is tested."""
    lines = pythons.djangos(config)
    return (*lines, today()) if len(lines) > 1 else ()


def passed_on(config: Config, stage: str) -> dict[str, str]:
    """Return the variables that can change the result of a check; evidence shows all of them.

    Those are the language and the time zone, those that the project passes on, the addresses of
    externally provided services, and for a check that uses the network its proxies.
    """
    found = environment.passed_on(config.env, config.variables.get(stage, ()))
    # Whoever keeps the environments of the checks elsewhere decides which tools are in there.
    found |= environment.chosen(config.env, ("TOWPATH_ENVIRONMENTS",))
    if stage == "security":
        found |= environment.network(config.env)
    elif config.services_are_external and (
        stage == "integration" or (stage == "tests" and config.tests.services)
    ):
        found |= environment.chosen(config.env, environment.SERVICES)
    return found


def advisories(config: Config) -> str:
    """Return the identity of the advisories: hashes of the files of a directory, else its name."""
    named = config.env.get("TOWPATH_ADVISORIES", "")
    place = config.root / named
    if not named or not place.is_dir():
        return named
    files = sorted(file for file in place.rglob("*") if file.is_file())
    return " ".join(f"{file.relative_to(place)} {file_hash(file)}" for file in files)
