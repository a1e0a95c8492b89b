"""A list of packages counts when it is whole, names some, and is of this very image."""

from __future__ import annotations

import json
from typing import Any

import pytest

from towpath.core.errors import NothingToJudgeError
from towpath.scanning import spdx_reader as spdx

MANIFEST = f"sha256:{'a' * 64}"


def document(manifest: str = MANIFEST) -> dict[str, Any]:
    """Return a list of two packages, in the parts of syft's that are read."""
    return {
        "spdxVersion": "SPDX-2.3",
        "SPDXID": "SPDXRef-DOCUMENT",
        "packages": [
            {"name": "django", "SPDXID": "SPDXRef-1", "versionInfo": "5.2.19"},
            {"name": "openssl", "SPDXID": "SPDXRef-2", "versionInfo": "3.5.1-1"},
            {
                "name": "localhost:5000/towpath/dashboard",
                "SPDXID": "SPDXRef-Image",
                "versionInfo": "sha256:1",
                "checksums": [{"algorithm": "SHA256", "checksumValue": manifest.partition(":")[2]}],
            },
        ],
        "relationships": [
            {
                "spdxElementId": "SPDXRef-DOCUMENT",
                "relatedSpdxElement": "SPDXRef-Image",
                "relationshipType": "DESCRIBES",
            },
            {
                "spdxElementId": "SPDXRef-Image",
                "relatedSpdxElement": "SPDXRef-1",
                "relationshipType": "CONTAINS",
            },
        ],
    }


def spdx_of(manifest: str) -> str:
    """Return such a list as syft writes it."""
    return json.dumps(document(manifest))


def test_the_image_itself_is_none_of_its_packages() -> None:
    """What the document describes does not count."""
    assert spdx.packages(spdx_of(MANIFEST), MANIFEST) == 2


def test_a_list_of_another_image_is_refused() -> None:
    """The checksum is that of the platform's manifest."""
    with pytest.raises(NothingToJudgeError, match="is not for sha256:bbb"):
        spdx.packages(spdx_of(MANIFEST), f"sha256:{'b' * 64}")


def test_an_empty_list_is_nothing_to_judge() -> None:
    """An image without any package was not looked into."""
    empty = document()
    empty["packages"] = empty["packages"][2:]

    with pytest.raises(NothingToJudgeError, match="is empty"):
        spdx.packages(json.dumps(empty), MANIFEST)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", spdx_of(MANIFEST)[:-9], json.dumps(document() | {"spdxVersion": "SPDX-3.0"})],
)
def test_half_a_list_is_nothing_to_judge(text: str) -> None:
    """Nothing is guessed from what is not whole, or of a version that is not read here."""
    with pytest.raises(NothingToJudgeError, match="Cannot read the SBOM"):
        spdx.packages(text, MANIFEST)


def test_a_list_that_describes_two_things_is_not_read() -> None:
    """It has to be clear which of them is the image."""
    two = document()
    two["relationships"].append({**two["relationships"][0], "relatedSpdxElement": "SPDXRef-1"})

    with pytest.raises(NothingToJudgeError, match="Cannot read the SBOM"):
        spdx.packages(json.dumps(two), MANIFEST)


def test_a_package_without_a_name_is_none() -> None:
    """It cannot be asked about."""
    text = document()
    text["packages"][0]["name"] = ""

    assert spdx.packages(json.dumps(text), MANIFEST) == 1


@pytest.mark.parametrize("version", [{}, {"versionInfo": None}, {"versionInfo": "NOASSERTION"}])
def test_a_package_without_a_version_is_one(version: dict[str, object]) -> None:
    """The specification does not ask for a version."""
    text = document()
    text["packages"][0] = {"name": "django", "SPDXID": "SPDXRef-1", **version}

    assert spdx.packages(json.dumps(text), MANIFEST) == 2


def test_the_image_is_found_however_the_document_names_it() -> None:
    """By a relationship in either direction, or by the list that version 2.2 has."""
    inverse, older = document(), document()
    inverse["relationships"] = [
        {
            "spdxElementId": "SPDXRef-Image",
            "relatedSpdxElement": "SPDXRef-DOCUMENT",
            "relationshipType": "DESCRIBED_BY",
        }
    ]
    del older["relationships"]
    older["documentDescribes"] = ["SPDXRef-Image"]

    assert spdx.packages(json.dumps(inverse), MANIFEST) == 2
    assert spdx.packages(json.dumps(older), MANIFEST) == 2


def test_only_a_sha256_is_the_digest_of_the_image() -> None:
    """Other algorithms may stand beside it, and are no digest of ours."""
    both, wrong = document(), document()
    both["packages"][2]["checksums"].append({"algorithm": "SHA1", "checksumValue": "0"})
    wrong["packages"][2]["checksums"][0]["algorithm"] = "SHA512"

    assert spdx.packages(json.dumps(both), MANIFEST) == 2
    with pytest.raises(NothingToJudgeError, match="It is for no digest"):
        spdx.packages(json.dumps(wrong), MANIFEST)
