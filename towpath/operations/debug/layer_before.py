"""A Dockerfile up to an instruction that fails, so that its last layer can be looked into. Pure.

What the instruction would have had besides that layer is made part of it: the build arguments as
variables, and what it mounts as a copy. Source: Dockerfile reference, "RUN --mount" and "ARG".
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from towpath.core.errors import NothingToJudgeError
from towpath.images import dockerfile_reader as dockerfile
from towpath.images import dockerfile_words as words
from towpath.images.dockerfile_reader import Instruction

Mounts = list[dict[str, str]]

# The secret that a build passes: the certificate bundle of this machine.
CERTIFICATES = "ca"
_SECRETS = "/run/secrets"
# Other spellings of the options of a mount.
_SAME = {"src": "source", "dst": "target", "destination": "target"}


@dataclass(frozen=True)
class LayerBefore:
    """The layer before an instruction: how it is built, and what the instruction is.

    `dockerfile` ends in it, `copies` are further instructions that copy what the failing one
    mounts. `certificates` are the places where it mounts this machine's certificate bundle, and
    `missing` describes mounts that nothing can be copied from. `line` counts from 1.
    """

    dockerfile: str
    copies: str
    instruction: str
    line: int
    certificates: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def layer_before(text: str, line: int) -> LayerBefore | None:
    """Return the layer before the instruction in a line; None for a FROM: there is none before it.

    Raises NothingToJudgeError for a line without an instruction, and for an unreadable Dockerfile.
    """
    rows, escape = dockerfile.instructions(text)
    at = max((n for n, row in enumerate(rows) if row.line < line), default=None)
    if at is None or rows[at].keyword == "ARG":
        raise NothingToJudgeError(f"Line {line} of the Dockerfile has no step of a stage.")
    failing = rows[at]
    if failing.keyword == "FROM":
        return None
    lines = text.removeprefix("\ufeff").split("\n")[: failing.line]
    names = dict.fromkeys(_arguments(rows[:at], escape))
    variables = [f'ENV {name}="${{{name}}}"' for name in names]
    bound, bundles, others = _sorted_mounts(failing, escape)
    return LayerBefore(
        "\n".join([*lines, *variables, ""]),
        "".join(f"{_copy(row)}\n" for row in bound),
        f"{failing.keyword} {failing.rest}",
        failing.line + 1,
        tuple(map(_target, bundles)),
        tuple(f"{row['type']} {_target(row)}" for row in others),
    )


def _sorted_mounts(step: Instruction, escape: str) -> tuple[Mounts, Mounts, Mounts]:
    """Return the mounts of a step: bound files, bundles of certificates, and the others."""
    mounts = list(_mounts(step, escape))
    bound = [row for row in mounts if row["type"] == "bind"]
    bundles = [row for row in mounts if _is_bundle(row)]
    return bound, bundles, [row for row in mounts if row not in bound and row not in bundles]


def _arguments(rows: list[Instruction], escape: str) -> Iterator[str]:
    """Yield the names of the build arguments of the last stage, and of those it begins with."""
    starts = [number for number, row in enumerate(rows) if row.keyword == "FROM"]
    stages = dockerfile.stages("\n".join(f"FROM {rows[number].rest}" for number in starts))
    ends = [*starts[1:], len(rows)]
    at: int | None = len(starts) - 1
    while at is not None:
        given = [row.rest for row in rows[starts[at] : ends[at]] if row.keyword == "ARG"]
        for text in given:
            yield from (word.partition("=")[0] for word in words.split(text, escape))
        at = _begins_with(stages, at)


def _begins_with(stages: Sequence[dockerfile.DockerfileStage], at: int) -> int | None:
    """Return the number of the stage that another one begins with; None for an image."""
    image = stages[at].image.lower()
    return next((n for n in range(at - 1, -1, -1) if stages[n].name == image), None)


def _mounts(row: Instruction, escape: str) -> Iterator[dict[str, str]]:
    """Yield the options of each mount of a RUN."""
    for word in words.split(row.rest, escape) if row.keyword == "RUN" else ():
        if not word.startswith("--"):
            return
        name, _, value = word.partition("=")
        if name == "--mount":
            cells = next(csv.reader([value.strip("\"'")]), [])
            pairs = (cell.partition("=") for cell in cells)
            options = {_SAME.get(key.lower(), key.lower()): text for key, _, text in pairs}
            yield {"type": "bind", **options}


def _target(mount: dict[str, str]) -> str:
    """Return where in the container a mount is."""
    by_default = f"{_SECRETS}/{mount.get('id', '')}" if mount["type"] == "secret" else ""
    return mount.get("target", by_default)


def _is_bundle(mount: dict[str, str]) -> bool:
    return mount["type"] == "secret" and mount.get("id") == CERTIFICATES


def _copy(mount: dict[str, str]) -> str:
    """Return the instruction that copies what a mount shows, of the build's context or a stage."""
    other = mount.get("from", "")
    source = mount.get("source", "/" if other else ".")
    return f"COPY {f'--from={other} ' if other else ''}{json.dumps([source, _target(mount)])}"
