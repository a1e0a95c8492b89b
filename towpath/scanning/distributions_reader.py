"""The Python distributions in the files of an image. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.parser import HeaderParser

from towpath.checks.security.advisories_reader import canonical
from towpath.core.errors import NothingToJudgeError

_METADATA = re.compile(r".+\.dist-info/METADATA|.+\.egg-info(?:/PKG-INFO)?")
# Python packages from Debian get Debian's security updates, and are judged as Debian packages.
_DEBIANS = re.compile(r"usr/lib/python3[^/]*/dist-packages/")


def is_metadata(name: str) -> bool:
    """Tell whether a file of an image is the metadata of a Python distribution."""
    return bool(_METADATA.fullmatch(name)) and not _DEBIANS.match(name)


def read_distributions(files: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """Return name and version of each distribution, normalized, sorted, each once.

    Source: the core metadata specification. Raises NothingToJudgeError for metadata without
    one of them.
    """
    found = set()
    for path, content in files.items():
        if not is_metadata(path):
            continue
        headers = HeaderParser().parsestr(content.decode("utf-8", "replace"))
        name, version = headers.get("Name", ""), headers.get("Version", "")
        if not name or not version:
            raise NothingToJudgeError(f"{path} in the image has no name or no version.")
        found.add((canonical(name), version))
    return sorted(found)
