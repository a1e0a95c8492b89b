"""What buildx and the engine answer."""

from __future__ import annotations

import json

import pytest

from towpath.core.errors import ConfigurationError, NothingToJudgeError
from towpath.images import buildx_reader as buildx

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


def test_the_provenance_of_every_platform_is_read() -> None:
    """A newer buildx writes one for each, in a statement or not; what is in both counts once."""
    base = {"uri": "pkg:docker/a?platform=linux%2Famd64", "digest": {"sha256": "1"}}
    other = {"uri": "pkg:docker/a?platform=linux%2Farm64", "digest": {"sha256": "2"}}
    both = {"uri": "pkg:docker/b", "digest": {"sha256": "3"}}
    row = {
        "buildx.build.provenance/linux/amd64": {"materials": [base, both]},
        "buildx.build.provenance/linux/arm/v7": {
            "predicateType": "https://slsa.dev/provenance/v1",
            "predicate": {"buildDefinition": {"resolvedDependencies": [other, both]}},
        },
        "buildx.build.ref": "x",
    }

    assert buildx.materials(json.dumps({"x": row}), "x") == (base, both, other)


@pytest.mark.parametrize("said", ["x", ["x"], {"materials": ["x"]}, {"materials": [{}]}])
def test_a_provenance_of_another_form_is_not_silence(said: object) -> None:
    """That nothing went in is not what it says."""
    with pytest.raises(NothingToJudgeError, match="invalid provenance for target x"):
        buildx.materials(json.dumps({"x": {"buildx.build.provenance": said}}), "x")


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


PLAIN = """#1 [internal] load build definition from Dockerfile
#1 DONE 0.0s
#12 [linux/amd64 builder 2/3] COPY pause /tmp/
#12 DONE 0.1s
#13 [linux/amd64->arm64 builder 3/3] RUN if true; then false; fi
#13 0.086 first
#13 0.100 sleep: invalid time interval 'no number'
#13 ERROR: process "/bin/sh -c \\"false\\"" did not complete successfully: exit code: 1
#14 [linux/amd64 other 1/1] RUN sleep 9
#14 CANCELED
------
 > [linux/amd64->arm64 builder 3/3] RUN if true; then false; fi:
0.100 sleep: invalid time interval 'no number'
------
Dockerfile:4
--------------------
   4 | >>> RUN if true; then false; fi
--------------------
ERROR: failed to solve: process "/bin/sh -c if true" did not complete successfully: exit code: 1
"""


def test_a_failed_step_is_named_with_what_it_said() -> None:
    """Neither the Dockerfile's lines nor the script on one line are a reason."""
    assert buildx.failure(PLAIN) == buildx.Failure(
        "[linux/amd64->arm64 builder 3/3]",
        "first\nsleep: invalid time interval 'no number'\n"
        "It did not complete successfully: exit code: 1",
        4,
    )


def test_the_first_of_its_lines_is_where_a_step_begins() -> None:
    """buildx marks each line of it; a number that no file has so many lines of is none."""
    marked = PLAIN.replace("   4 | >>> RUN", "   3 |     # hm\n   4 | >>> RUN a\\\n   5 | >>> RUN")
    absurd = PLAIN.replace("   4 | >>>", f"{9 * '1'} | >>>")

    found, none = buildx.failure(marked), buildx.failure(absurd)

    assert found is not None and none is not None
    assert (found.line, none.line) == (4, 0)


def test_only_the_end_of_what_it_said_is_told() -> None:
    """The whole of it is in the log."""
    lines = "".join(f"#13 0.2 line {number}\n" for number in range(50))

    found = buildx.failure(PLAIN.replace("#13 0.086 first\n", lines))

    assert found is not None
    assert found.output.splitlines()[:2] == ["line 26", "line 27"]
    assert len(found.output.splitlines()) == buildx.LAST + 1


def test_a_step_that_says_nothing_has_its_error() -> None:
    """An image that cannot be had is no command; a step without a name has its number."""
    said = "#3 ERROR: failed to do request: Head: no such host\n"
    named = "#3 [base-0 linux/amd64 internal] load metadata for docker.io/x:3\n"
    why = "failed to do request: Head: no such host"

    assert buildx.failure(said) == buildx.Failure("step 3", why)
    assert buildx.failure(named + said) == buildx.Failure(
        "[base-0 linux/amd64 internal] load metadata for docker.io/x:3", why
    )


@pytest.mark.parametrize("log", ["", "ERROR: failed to solve: x\n", "#1 DONE 0.0s\n"])
def test_a_build_without_a_failed_step_has_none(log: str) -> None:
    """What buildx itself could not do is told as it tells it."""
    assert buildx.failure(log) is None


@pytest.mark.parametrize(
    "error",
    [
        "failed to compute cache key: failed to get state for index 0 on [a 2/3] COPY x y",
        "inconsistent graph state in edge [a 2/3]",
        'lease "k9b85fmmnhy2hyeacrb7sx1du": not found',
        f"content digest sha256:{'0' * 64}: not found",
        'failed to prepare extraction snapshot "extract-786-4Jap sha256:44": parent snapshot '
        f"sha256:{'0' * 64} does not exist: not found",
    ],
)
def test_a_builder_that_lost_its_cache_is_known(error: str) -> None:
    """In its own errors only: what a step prints is the step's."""
    assert buildx.is_cache_error(f"#1 DONE\nERROR: failed to solve: {error}\n")
    assert buildx.is_cache_error(f"#4 ERROR: {error}")
    assert not buildx.is_cache_error(f"#3 0.1 {error}\nERROR: failed to solve: it ended\n")


def test_an_image_that_is_not_there_is_not_lost() -> None:
    """It would not be there the second time either."""
    assert not buildx.is_cache_error("ERROR: failed to solve: python:3.99: not found")


# As BuildKit 0.12 said it where directories of its cache had been deleted.
PLACE = "/s/docker/containerd/daemon/io.containerd.snapshotter.v1.overlayfs/snapshots"
NAMED = '#0 building with "default" instance using docker driver\n'


@pytest.mark.parametrize(
    "error",
    [
        f"failed to prepare a1 as b2: failed to stat parent: stat {PLACE}/115/fs: no such file or "
        "directory: unknown",
        f"failed to walk: resolve : lstat {PLACE}/1: no such file or directory",
        f"failed to get usage for a1: lstat {PLACE}/125/fs: no such file or directory: unknown",
        'lease "k9b85fmmnhy2hyeacrb7sx1du": not found',
    ],
)
def test_a_cache_that_is_gone_from_the_disk(error: str) -> None:
    """With the builder whose cache it is; what a step prints is the step's."""
    found = buildx.cache_damage(f"{NAMED}#7 ERROR: {error}\n")

    assert found == ("default", error)
    assert buildx.cache_damage(f"#7 ERROR: {error}\n") == ("", "")
    assert buildx.cache_damage(f"{NAMED}#7 0.1 {error}\n#7 ERROR: exit code: 1\n") == ("", "")
    assert buildx.cache_damage(f'{NAMED}#7 ERROR: "/snapshots/x": not found\n') == ("", "")


def test_the_exit_codes_are_those_of_the_commands_that_failed() -> None:
    """As BuildKit writes them, on a line of their own; what a command says does not count."""
    log = """\
#7 0.1 did not complete successfully: exit code: 3
#7 ERROR: process "/bin/sh -c install a" did not complete successfully: exit code: 86
#8 CANCELED
#9 ERROR: process "/bin/sh -c false" did not complete successfully: exit code: 1
ERROR: failed to solve: process "/bin/sh -c x" did not complete successfully: exit code: 4
"""

    assert buildx.exit_codes(log) == {86, 1}
    assert buildx.exit_codes("#7 ERROR: canceled\n") == set()
