"""What is fuzzed: every public function that reads what others wrote, found by walking the package.

A parameter's annotation says what is made for it. A function of the rooms walked here that has a
parameter of another type takes what is ours already, and stands in OURS; a new reader that is in
neither fails a unit test.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType

import towpath
from tests.fuzz import doors
from towpath.core.errors import TowpathError

# Every module of these packages is walked, every reader of any room, and these modules besides.
PACKAGES = ("towpath.checks.lint.readers", "towpath.registry.client")
READER = "_reader"
MODULES = (
    "towpath.core.documents",
    "towpath.checks.xml_documents",
    "towpath.evidence.statement",
    "towpath.evidence.fields",
    "towpath.evidence.provenance",
    "towpath.config.builders",
    "towpath.engine.processes",
    "towpath.engine.contexts",
    "towpath.pipeline.document",
    "towpath.images.dockerfile_words",
    "towpath.images.layers",
    "towpath.checks.lint.thresholds",
    "towpath.core.findings",
    "towpath.deployment.migrations.reader",
)
# What is made for a parameter of a type.
KINDS: Mapping[str, str] = {
    "str": "text",
    "bytes": "bytes",
    "bytes | str": "bytes",
    "IO[bytes]": "stream",
    "Any": "json",
    "object": "json",
    "Mapping[str, Any]": "object",
    "Mapping[str, str]": "texts",
    "Mapping[str, bytes]": "files",
    "dict[str, bytes]": "files",
    "Iterable[str]": "names",
    "Sequence[tuple[str, str]]": "pins",
    "Pins": "pins",
    "Values": "texts",
    "ToolResult": "ran",
    "Manifest": "manifest",
    "Line": "line",
    "Response": "answer",
    "tarfile.TarFile": "tar",
    "zipfile.ZipFile": "zip",
    "Mapping[Key, bool | None]": "nothing",
    "Callable[[str], bool]": "always",
    "Callable[[], float]": "clock",
    "dt.datetime": "moment",
}
# What we say ourselves, whatever a document holds.
SAID: Mapping[str, str] = {
    "platform": "platform",
    "architecture": "architecture",
    "python": "python",
    "tool": "tool",
    "escape": "escape",
    "filename": "filename",
    "limit": "limit",
    "depth": "depth",
}
# Functions of these rooms that read nothing of others: their arguments come from our own code.
OURS = frozenset(
    (
        *(
            "checks.security.advisories_reader.by_severity",
            "checks.security.advisories_reader.unchecked",
            "pipeline.document.reason_of",
            "pipeline.document.status_of",
        ),
        *("checks.security.advisories_reader.unused", "checks.lint.readers.bandit.by_severity"),
        *(
            "core.documents.reason",
            "checks.benchmark_reader.renewed",
            "checks.benchmark_reader.slowdowns",
            "scanning.debian_reader.pending",
        ),
        *("images.elf_reader.foreign_binaries", "core.findings.require_agreement"),
        # Behind a door: an exit code and a number of pages go with the text.
        "environments.page_reader.read_answers",
        "environments.proxy_log_reader.percentile",
        *(
            "core.findings.require_all",
            "core.findings.require_ran",
            "core.findings.unexpected",
            "checks.tests.junit_reader.total",
        ),
        *(
            "registry.oci_reader.above",
            "registry.oci_reader.artifact",
            "registry.oci_reader.image_index",
        ),
        *(
            "registry.oci_reader.index_of",
            "registry.oci_reader.standalone_artifact",
            "registry.oci_reader.overlay",
            "source.requirements_reader.version",
        ),
        *(
            "images.wheels.record_reader.only_missing",
            "images.wheels.record_reader.require_missing",
        ),
        *("images.wheels.record_reader.require_pinned", "images.wheels.wheels_reader.digest"),
        *("images.wheels.wheels_reader.with_made", "evidence.statement.reasons"),
        *(
            "evidence.statement.verdict_rows",
            "pipeline.document.compose",
            "pipeline.document.severities",
            "pipeline.document.markdown",
        ),
        *("pipeline.document.note", "pipeline.document.check_fields", "engine.processes.children"),
        *("engine.processes.end", "engine.processes.inside", "engine.processes.living"),
        *("engine.processes.until", "engine.processes.wait", "engine.contexts.named"),
        "registry.client.credentials.look_up",
        *("registry.client.errors.unreachable", "registry.client.pages.after"),
        *("registry.client.pages.every", "registry.client.proxies.proxy"),
        *("registry.client.retry.asked_wait", "registry.client.retry.may_be_sent_again"),
        *(
            "registry.client.retry.may_be_shown_later",
            "registry.client.retry.may_pass",
            "registry.client.transfer.attached",
            "registry.client.transfer.blobs_of",
        ),
        *("registry.client.transfer.check", "registry.client.transfer.copy"),
        *("registry.client.transfer.once", "registry.client.transfer.parallel"),
        *("registry.client.transfer.open_content", "registry.client.uploads.put"),
        "registry.client.uploads.stream",
    )
)
# What a docstring may name besides our own errors, as what the caller expects.
_EXPECTED = (ValueError, TypeError, KeyError, ConnectionError, OSError)


@dataclass(frozen=True)
class Target:
    """A reader: its name, what is made for each parameter, and which errors it may raise."""

    name: str
    call: Callable[..., object]
    kinds: Mapping[str, str]
    allowed: tuple[type[BaseException], ...]

    @property
    def module(self) -> str:
        """Whose samples it reads: those of its module, or of the door itself."""
        parts = self.name.split(".")
        return (parts[-1] if parts[0] == "doors" else parts[-2]).removesuffix(READER)

    def run(self, arguments: Mapping[str, object]) -> BaseException | None:
        """Read once; return the error that no reader may raise, or None.

        A MemoryError is such an error, and so is RecursionError.
        """
        try:
            found = self.call(**arguments)
            if isinstance(found, Iterator):
                for _ in found:
                    pass
        except self.allowed:
            return None
        except Exception as error:  # pylint: disable=broad-except
            return error
        return None


def find() -> list[Target]:
    """Return every target, sorted by name."""
    walked = [target_of(name, call) for name, call in public() if name not in OURS]
    found = [target for target in walked if target is not None]
    extra = [target_of(f"doors.{name}", call) for name, call in _functions(doors)]
    return sorted([*found, *(row for row in extra if row)], key=lambda target: target.name)


def unreached() -> list[str]:
    """Return the functions that no input can be made for, and that are not ours either."""
    return [name for name, call in public() if name not in OURS and target_of(name, call) is None]


def public() -> Iterator[tuple[str, Callable[..., object]]]:
    """Yield every public function of the rooms that are walked, by its name in the package."""
    names = list(MODULES)
    for package in PACKAGES:
        path = importlib.import_module(package).__path__
        names += [f"{package}.{row.name}" for row in pkgutil.iter_modules(path)]
    found = pkgutil.walk_packages(towpath.__path__, "towpath.")
    names += [row.name for row in found if row.name.endswith(READER)]
    for module in names:
        for name, call in _functions(importlib.import_module(module)):
            yield f"{module.removeprefix('towpath.')}.{name}", call


def _functions(module: ModuleType) -> Iterator[tuple[str, Callable[..., object]]]:
    for name, value in vars(module).items():
        if inspect.isfunction(value) and value.__module__ == module.__name__ and name[0] != "_":
            yield name, value


def target_of(name: str, call: Callable[..., object]) -> Target | None:
    """Return the target of a function; None where an argument cannot be made."""
    kinds = {}
    for key, parameter in inspect.signature(call).parameters.items():
        kind = SAID.get(key) or KINDS.get(str(parameter.annotation))
        if kind is None:
            return None
        kinds[key] = kind
    said = f"{call.__doc__} {sys.modules[call.__module__].__doc__}"
    expected = [kind for kind in _EXPECTED if kind.__name__ in said]
    return Target(name, call, kinds, (TowpathError, *expected))
