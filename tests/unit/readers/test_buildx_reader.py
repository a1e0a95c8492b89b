"""What buildx and the engine answer."""

from __future__ import annotations

import pytest

from towpath.errors import ConfigurationError, NothingToJudgeError
from towpath.readers import buildx

DIGEST = f"sha256:{'0' * 64}"


def test_the_digest_is_the_metadatas_own() -> None:
    """The digest of the index is read, not that of a config or a platform."""
    text = f'{{"containerimage.config.digest": "x", "containerimage.digest": "{DIGEST}"}}'

    assert buildx.built_digest(text) == DIGEST


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"containerimage.digest": null}'])
def test_metadata_without_a_digest_is_nothing_to_judge(text: str) -> None:
    """A build that names no digest is never taken for one that did."""
    with pytest.raises(NothingToJudgeError):
        buildx.built_digest(text)


def test_half_a_digest_is_refused() -> None:
    """A digest of another length is not one."""
    with pytest.raises(ConfigurationError, match="not a digest"):
        buildx.built_digest('{"containerimage.digest": "sha256:123"}')


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
