"""Lock files that are not those of their project any more, and exports that are not those of them.

Each lock file is compared by the tool that wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from packaging.utils import canonicalize_name

from towpath.config.workspace import Workspace
from towpath.core.findings import Finding
from towpath.rendering import direct_reader
from towpath.rendering import requirements as product
from towpath.source import lock_files, requirements_reader
from towpath.source.lock_files_commands import Selection, tool_of

CODE = "LOCK"


def lock_drift(workspace: Workspace, files: Sequence[str]) -> list[Finding]:
    """Return the lock files that are out of date, and the pins that differ from the export's.

    Raises NothingToJudgeError where a tool cannot say, CommandFailedError for a failed export.
    """
    config = workspace.config
    folder = Path(config.django.manage).parent.as_posix()
    own = [file for file in files if Path(file).parent.as_posix() in (".", folder)]
    found = []
    for file in own:
        if why := lock_files.out_of_date(workspace, file):
            words = f"is out of date: {why.splitlines()[-1]} Lock again with {tool_of(file)}."
            found.append(Finding(file, 0, CODE, words))
    source = product.find_source(config)
    if source.kind == product.HASHED and own and not found:
        found += _differences(workspace, own[0], source.file)
    return found


def _differences(workspace: Workspace, lock: str, file: str) -> list[Finding]:
    """Return the pins of a file that the lock file beside it does not have in that version."""
    config = workspace.config
    wanted = Selection(config.image.groups, config.image.extras, production=True)
    text = lock_files.export(workspace, lock, wanted)
    root = str(config.root.absolute())
    exported = _versions(direct_reader.split(text, lock, root, Path(lock).parent.as_posix()).hashed)
    kept = _versions((config.root / file).read_text(encoding="utf-8", errors="replace"))
    return [
        Finding(file, 0, CODE, f"pins {name} {versions}, and {lock} {exported[name]}")
        for name, versions in sorted(kept.items())
        if exported.get(name, versions) != versions
    ]


def _versions(text: str) -> Mapping[str, str]:
    """Return the versions of each package, of which there may be several by markers."""
    found: dict[str, list[str]] = {}
    for row in requirements_reader.lines(text):
        if row.is_option or row.included:
            continue
        name, _, version = row.requirement.partition("==")
        found.setdefault(canonicalize_name(name.partition("[")[0].strip()), []).append(
            version.partition(";")[0].strip()
        )
    return {name: " and ".join(sorted(set(rows))) for name, rows in found.items()}
