"""What buildx and the engine answer."""

from __future__ import annotations

import json

import pytest

from towpath.errors import ConfigurationError, NothingToJudgeError
from towpath.readers import buildx

DIGEST = f"sha256:{'0' * 64}"


def test_the_digests_are_the_metadatas_own() -> None:
    """The digest of the index is read, not that of a config or a platform."""
    text = json.dumps(
        {
            "production": {"containerimage.config.digest": "x", "containerimage.digest": DIGEST},
            "other": {},
        }
    )

    assert buildx.built_digests(text, ["production"]) == {"production": DIGEST}


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"x": 1}', '{"x": {}}', '{"x": {"containerimage.digest": null}}', '{"x": {'],
)
def test_metadata_without_a_digest_is_nothing_to_judge(text: str) -> None:
    """A build that names no digest is never taken for one that did."""
    with pytest.raises(NothingToJudgeError):
        buildx.built_digests(text, ["x"])


def test_half_a_digest_is_refused() -> None:
    """A digest of another length is not one."""
    with pytest.raises(ConfigurationError, match="not a digest"):
        buildx.built_digests('{"x": {"containerimage.digest": "sha256:123"}}', ["x"])


@pytest.mark.parametrize(
    "said",
    [
        {"materials": [{"uri": "pkg:docker/a", "digest": {"sha256": "1"}}]},
        {
            "buildDefinition": {
                "resolvedDependencies": [{"uri": "pkg:docker/a", "digest": {"sha256": "1"}}]
            }
        },
    ],
)
def test_what_buildx_says_went_in_is_read(said: dict[str, object]) -> None:
    """Old and new words of SLSA mean the same; silence is no material."""
    text = json.dumps({"x": {"buildx.build.provenance": said}, "y": {}})

    assert buildx.materials(text, "x") == ({"uri": "pkg:docker/a", "digest": {"sha256": "1"}},)
    assert buildx.materials(text, "y") == ()


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ('{"DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]]}', True),
        ('{"DriverStatus": [["Backing Filesystem", "extfs"], ["x"]]}', False),
        ('{"DriverStatus": null}', False),
        ("{}", False),
    ],
)
def test_the_image_store_is_recognised(info: str, expected: bool) -> None:
    """Only an engine with containerd's image store builds several platforms by itself."""
    assert buildx.has_image_store(info) is expected
