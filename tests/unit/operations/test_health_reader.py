"""What Docker's commands say of themselves."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from towpath.core.errors import CommandFailedError, NothingToJudgeError
from towpath.operations import health_reader as reader
from towpath.operations.health_rules import BuildCache

NOW = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
USAGE = """ID:\t\tk7n2
Created at:\t2026-11-20 00:00:00.123456789 +0000 UTC
Mutable:\tfalse
Reclaimable:\ttrue
Shared:\t\tfalse
Size:\t\t8.192kB
Description:\tpulled from docker.io/library/python
Usage count:\t1
Last used:\t3 days ago
Type:\t\tregular

ID:\t\tz1
Created at:\t2026-11-25 02:00:00 +0200 CEST
Size:\t\t1.5GB

Shared:\t\t8.192kB
Private:\t1.5GB
Reclaimable:\t1.5GB
Total:\t\t1.5GB
"""
# The 13th month.
BAD_DATE = "Created at:\t2026-13-20 00:00:00 +0000 UTC\nTotal:\t0B\n"


def test_the_engine() -> None:
    """Version, platform in Docker's own words, and where images are."""
    text = json.dumps(
        {
            "ServerVersion": "28.2.2",
            "OSType": "linux",
            "Architecture": "x86_64",
            "DockerRootDir": "/var/lib/docker",
        }
    )

    found = reader.engine_info(text)

    assert (found.version, found.platform, found.root) == (
        "28.2.2",
        "linux/amd64",
        "/var/lib/docker",
    )


def test_an_engine_that_does_not_answer() -> None:
    """The client says why, and ends with 0 in some versions."""
    with pytest.raises(CommandFailedError, match="does not answer") as caught:
        reader.engine_info('{"ServerErrors": ["Cannot connect"], "ServerVersion": ""}')

    assert caught.value.why == "Cannot connect"
    for text in ("", "x", "[]", "3"):
        with pytest.raises(NothingToJudgeError):
            reader.engine_info(text)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("github.com/docker/buildx 0.13.1+ds1 0.13.1+ds1-3", "0.13.1+ds1"),
        ("github.com/docker/buildx v0.24.0 d0e5e86c8b88", "0.24.0"),
        ("Docker Compose version 2.26.1-4", "2.26.1-4"),
        ("Docker Compose version v2.36", "2.36"),
    ],
)
def test_versions(text: str, wanted: str) -> None:
    """As distributions write them too."""
    assert reader.version(text, "x") == wanted


def test_no_version() -> None:
    """A command that says something else was not checked."""
    with pytest.raises(NothingToJudgeError, match="buildx does not tell its version"):
        reader.version("command not found", "buildx")


def test_the_cache() -> None:
    """All of it, and the oldest record."""
    assert reader.build_cache(USAGE, NOW) == BuildCache(1.5e9, pytest.approx(10, abs=0.001))
    assert reader.build_cache("Reclaimable:\t0B\nTotal:\t\t0B\n", NOW) == BuildCache(0.0, None)
    assert reader.build_cache("Total: 2.5MiB", NOW) == BuildCache(2.5 * 1024**2, None)
    for text in ("", "ID: x", "Total: much", "Total:\t1.2.3GB", BAD_DATE):
        with pytest.raises(NothingToJudgeError):
            reader.build_cache(text, NOW)


def test_platforms() -> None:
    """Those of each node, the preferred ones too; none is no answer."""
    text = "Name: b\nPlatforms: linux/amd64*, linux/386\n\nPlatforms: linux/arm64, linux/amd64\n"

    assert reader.platforms(text) == ("linux/amd64", "linux/386", "linux/arm64")
    for text in ("", "Name: b\nStatus: inactive\nPlatforms: \n"):
        with pytest.raises(NothingToJudgeError):
            reader.platforms(text)
