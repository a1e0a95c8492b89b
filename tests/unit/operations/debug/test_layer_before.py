"""The Dockerfile up to a step that fails, with what that step would have had besides."""

from __future__ import annotations

import pytest

from towpath.core.errors import NothingToJudgeError
from towpath.operations.debug.layer_before import LayerBefore, layer_before

DOCKERFILE = """# syntax-free
ARG PYTHON=3.13
FROM python:${PYTHON}-slim AS bare
ARG EARLY="a b"

FROM bare AS builder
ARG PYTHON TARGETARCH=x
COPY requirements/ /build/
# The step.
RUN --mount=type=secret,id=ca,target=/ca.crt \\
    # a comment
    --mount=from=bare,dst=/bare \\
    --mount=type=bind,src=docker/x,target=/docker/x,rw \\
    --mount=type=cache,target=/root/.cache --network=host \\
    make check && \\
    make more
COPY missing /
FROM scratch
"""
HEAD = DOCKERFILE[: DOCKERFILE.index("# The step.\n")] + "# The step.\n"
VARIABLES = """ENV PYTHON="${PYTHON}"
ENV TARGETARCH="${TARGETARCH}"
ENV EARLY="${EARLY}"
"""


@pytest.mark.parametrize("line", [10, 13, 15])
def test_the_layer_before_has_what_the_step_would_have_had(line: int) -> None:
    """Any of its lines names the step. The arguments of the stage it begins with count too."""
    found = layer_before(DOCKERFILE, line)

    assert found == LayerBefore(
        HEAD + VARIABLES,
        'COPY --from=bare ["/", "/bare"]\nCOPY ["docker/x", "/docker/x"]\n',
        "RUN --mount=type=secret,id=ca,target=/ca.crt     --mount=from=bare,dst=/bare"
        "     --mount=type=bind,src=docker/x,target=/docker/x,rw"
        "     --mount=type=cache,target=/root/.cache --network=host"
        "     make check &&     make more",
        10,
        ("/ca.crt",),
        ("cache /root/.cache",),
    )


def test_another_secret_is_missing_and_the_bundle_has_a_place_of_its_own() -> None:
    """As BuildKit has them where a step names none."""
    found = layer_before("FROM x\nRUN --mount=type=secret,id=ca --mount=type=secret,id=k y\n", 2)

    assert found is not None
    assert found.certificates == ("/run/secrets/ca",)
    assert found.missing == ("secret /run/secrets/k",)


def test_a_step_that_mounts_nothing_copies_nothing() -> None:
    """What looks like a mount inside a command is none."""
    assert layer_before("FROM x\nRUN a --mount=type=bind,target=/b\n", 2) == LayerBefore(
        "FROM x\n", "", "RUN a --mount=type=bind,target=/b", 2
    )


def test_a_line_of_a_heredoc_is_its_steps() -> None:
    """Its text is not taken for instructions."""
    found = layer_before("FROM x\nRUN <<E\nCOPY a b\nE\nRUN c\n", 3)

    assert found == LayerBefore("FROM x\n", "", "RUN <<E", 2)


@pytest.mark.parametrize("line", [3, 5, 6, 18, 99])
def test_before_a_from_there_is_no_layer(line: int) -> None:
    """An image that cannot be had; line 5 is a comment's, after an argument of the stage."""
    lines = DOCKERFILE.replace('ARG EARLY="a b"\n', "\n")

    assert layer_before(lines, line) is None


@pytest.mark.parametrize("line", [0, 1, 2])
def test_a_line_before_the_first_stage_is_no_step(line: int) -> None:
    """Nothing is built there."""
    with pytest.raises(NothingToJudgeError) as caught:
        layer_before(DOCKERFILE, line)

    assert caught.value.what == f"Line {line} of the Dockerfile has no step of a stage."
