"""Read an SBOM in SPDX JSON. Pure.

Source: SPDX specification 2.3 (https://spdx.github.io/spdx-spec/v2.3/).
"""

from __future__ import annotations

from typing import Any

from towpath.core import documents
from towpath.core.errors import NothingToJudgeError

ARTIFACT_TYPE = "application/spdx+json"
MEDIA_TYPE = "application/spdx+json"
# Bytes of the list of a very large image.
LIMIT = 64 << 20


def packages(text: str, manifest: str) -> int:
    """Return the number of packages of an SBOM; `manifest` is the digest that it must describe.

    Raises NothingToJudgeError for an SBOM that is incomplete, empty, or of another image.
    """
    try:
        named, seen = _read(documents.loads(text, LIMIT))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NothingToJudgeError("Cannot read the SBOM.", why=documents.reason(error)) from error
    if manifest not in seen:
        raise NothingToJudgeError(
            f"The SBOM is not for {manifest}.",
            why=f"It is for {', '.join(sorted(seen)) or 'no digest'}.",
        )
    if not named:
        raise NothingToJudgeError(f"The SBOM of {manifest} is empty.")
    return len(named)


def _read(document: dict[str, Any]) -> tuple[list[str], set[str]]:
    """Return the packages that have a name, and the digests of the image.

    A package may come without a version: the specification does not ask for one.
    """
    if not document["spdxVersion"].startswith("SPDX-2."):
        raise ValueError(f"it is {document['spdxVersion']}")
    described = _described(document)
    rows = [row for row in document["packages"] if row["SPDXID"] != described["SPDXID"]]
    names = [str(row["name"]) for row in rows if row.get("name")]
    return names, _digests(described)


def _digests(package: dict[str, Any]) -> set[str]:
    """Return the digests of a package; other algorithms than SHA256 may stand beside it."""
    rows = package.get("checksums") or []
    return {
        f"sha256:{row['checksumValue']}"
        for row in rows
        if row.get("algorithm", "SHA256") == "SHA256"
    }


def _described(document: dict[str, Any]) -> dict[str, Any]:
    """Return the package that the document is about: the image itself.

    Version 2.2 says it in a list of its own, 2.3 by a relationship in either direction.
    """
    about = set(document.get("documentDescribes") or [])
    for row in document.get("relationships") or []:
        if row["relationshipType"] == "DESCRIBES":
            about.add(row["relatedSpdxElement"])
        elif row["relationshipType"] == "DESCRIBED_BY":
            about.add(row["spdxElementId"])
    (found,) = (row for row in document["packages"] if row["SPDXID"] in about)
    return dict(found)
