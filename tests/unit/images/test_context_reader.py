"""Which files of the project a stage of a Dockerfile reads."""

from __future__ import annotations

import pytest

from towpath.core.errors import NothingToJudgeError
from towpath.images.context_reader import context_files


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("RUN --mount=type=bind,source=docker/a.sh,target=/a sh /a", ["docker/a.sh"]),
        ("RUN --mount=source=a,target=/a \\\n  --mount=target=/b,src=/b x", ["a", "b"]),
        ("RUN --mount=type=bind,target=/all x", ["."]),
        ("RUN --mount=type=bind,from=bare,source=a,target=/a x", []),
        ("RUN --mount=type=cache,source=a,target=/a --mount=type=secret,id=ca x", []),
        ("RUN echo --mounted COPY a b", []),
        ("COPY --chmod=755 app/ requirements/*.txt /code/", ["app", "requirements/*.txt"]),
        ("copy a b", ["a"]),
        ("ADD https://example.com/a.tar b.tar /", ["b.tar"]),
        ("COPY --from=builder a /", []),
        ("COPY <<EOF a /\nCOPY trap /\nEOF\n", ["a"]),
        ('COPY ["a b", "c", "/"]', ["a b", "c"]),
        ('COPY --link ["a b", "/"]', ["a b"]),
        ('COPY ["a", 1', []),
        ("COPY 'a' \"b\" /", ["a", "b"]),
        ("COPY $NAME ${OTHER}/x a /", ["a"]),
        ("COPY ../../a/./b a/../.. /c /", [".", "a/b", "c"]),
        ("COPY a", []),
        ("COPY", []),
        ("FROM a AS b\nCOPY a /\nRUN --mount=source=a,target=/a x", ["a"]),
        ("", []),
    ],
)
def test_what_a_stage_reads(text: str, files: list[str]) -> None:
    """Mounts of type bind, which is the default, and copies; nothing of other stages."""
    assert context_files(text) == files


def test_a_heredoc_without_an_end_is_nothing_to_judge() -> None:
    """As everywhere a Dockerfile is read."""
    with pytest.raises(NothingToJudgeError, match="heredoc"):
        context_files("RUN <<EOF\nx\n")
