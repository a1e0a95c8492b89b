"""A Dockerfile is read as BuildKit reads it: words, lines, heredocs and directives."""

from __future__ import annotations

import pytest

from towpath.core.errors import NothingToJudgeError
from towpath.images import dockerfile_reader as dockerfile
from towpath.images import dockerfile_words as words

VALUES = {"PY": "3.12", "EMPTY": "", "V": "v1.2.3-rc1", "TARGETARCH": None}


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("python:${PY}-slim", "python:3.12-slim"),
        ("python:$PY-slim", "python:3.12-slim"),
        ("${NONE-3.13}", "3.13"),
        ("${NONE:-3.13}", "3.13"),
        ("${EMPTY-3.13}", ""),
        ("${EMPTY:-3.13}", "3.13"),
        ("${PY-3.13}", "3.12"),
        ("${PY+x}${PY:+y}${EMPTY+z}${EMPTY:+no}${NONE+no}${NONE:+no}", "xyz"),
        ("${PY?wanted}${PY:?wanted}", "3.123.12"),
        ("${NONE:-${ALSO-${PY}}}", "3.12"),
        ("${PY:-${NONE}}", "3.12"),
        ("${NONE:+${NONE}}x", "x"),
        ("${V#v}", "1.2.3-rc1"),
        ("${V#*.}", "2.3-rc1"),
        ("${V##*.}", "3-rc1"),
        ("${V%.*}", "v1.2"),
        ("${V%%.*}", "v1"),
        ("${V%x}", "v1.2.3-rc1"),
        ("${V/./_}", "v1_2.3-rc1"),
        ("${V//./_}", "v1_2_3-rc1"),
        ("${V/-rc?/}", "v1.2.3"),
        ('"python:$PY"', "python:3.12"),
        ("'python:$PY'", "python:$PY"),
        ("\\$PY", "$PY"),
        ('"a\\"b\\c"', 'a"b\\c'),
        ("a$", "a$"),
        ("a$/b", "a$/b"),
        ("a\\", "a"),
    ],
)
def test_a_word_is_expanded_as_buildkit_does(word: str, value: str) -> None:
    """Modifiers, quotes and escapes; a word that is not used may name anything."""
    assert words.expand(word, VALUES) == value


@pytest.mark.parametrize(
    ("word", "what"),
    [
        ("$NONE", "$NONE depends on NONE, which has no default."),
        ("${NONE+${PY}}$NONE", "${NONE+${PY}}$NONE depends on NONE, which has no default."),
        ("${TARGETARCH}", "${TARGETARCH} depends on TARGETARCH, which has no default."),
        ("${TARGETARCH:-x}", "${TARGETARCH:-x} depends on TARGETARCH, which has no default."),
        ("${NONE:?say it}", "NONE is required: say it"),
        ("${EMPTY:?}", "EMPTY is required: it has no value"),
        ("${PY", "unknown modifier ''"),
        ("${PY-x", "missing '}'"),
        ("${PY/x}", "missing '/'"),
        ("${}", "no variable name after '${'"),
        ("${PY^^}", "unknown modifier '^'"),
        ("'a", "unterminated quote"),
        ('"a', "unterminated quote"),
        ("${A-" * 30 + "}" * 30, "variables are nested too deeply"),
    ],
)
def test_what_cannot_be_expanded_says_why(word: str, what: str) -> None:
    """A typed error, whatever the word is."""
    with pytest.raises(NothingToJudgeError) as caught:
        words.expand(word, VALUES)

    assert what in caught.value.what


def base(text: str, target: str = "x") -> str:
    """Return what a stage starts from."""
    return dockerfile.base_of(text, target)


@pytest.mark.parametrize(
    ("text", "image"),
    [
        ("ARG PY=3.12\nARG BASE=python:${PY}-slim\nFROM $BASE AS x\n", "python:3.12-slim"),
        ("ARG A=1 B=2\nFROM i:$A.$B AS x\n", "i:1.2"),
        ("ARG A=1   B='2 3' C\nFROM i:$A AS x\n", "i:1"),
        ("ARG PY=3.12 # the version\nFROM python:$PY AS x\n", "python:3.12"),
        ("ARG PY=3.12\r\nFROM python:$PY AS x\r\nRUN a\r\n", "python:3.12"),
        ("ARG PY=3.12\r\nFROM \\\r\n  python:$PY \\\r\n AS x\r\n", "python:3.12"),
        ("\ufeffFROM a AS x\n", "a"),
        ("FROM --platform=$BUILDPLATFORM a AS x\n", "a"),
        ("from --platform=linux/amd64   a   as X\n", "a"),
        ('FROM "a" AS x\n', "a"),
        ("FROM a AS Base\nFROM BASE AS x\n", "a"),
        ("FROM a AS one\nFROM b AS one\nFROM one AS x\n", "b"),
        ("FROM x AS x\n", "x"),
        ("FROM a\nFROM 0 AS x\n", "0"),
        ("ARG A=one\nFROM b AS one\nFROM ${A} AS x\n", "b"),
        ("# escape=`\nFROM `\n a `\n AS x\n", "a"),
        ("# syntax=docker/dockerfile:1\n#  Escape = ` \nFROM a`\nb AS x\n", "ab"),
        ("FROM \\\n# why\n\n  # and why\na AS x\n", "a"),
        ("FROM y AS z\nRUN <<EOF\nFROM trap AS x\nEOF\nFROM a AS x\n", "a"),
        ("FROM y AS z\nRUN <<-'EOF' cat\nFROM trap AS x\n\tEOF\nFROM a AS x\n", "a"),
        ("FROM y AS z\nCOPY <<A <<B /\nA\nFROM trap AS x\nB\nFROM a AS x\n", "a"),
        ("FROM y AS z\nRUN echo \\\n  FROM trap AS x\nFROM a AS x\n", "a"),
        ("FROM a AS x\nRUN cd C:\\\\\nFROM b AS y\n", "a"),
        ("ARG TARGETARCH\nARG A=i-$TARGETARCH\nARG B=b\nFROM $B AS x\n", "b"),
        ("ARG A=1\nARG A=2\nFROM i:$A AS x\n", "i:2"),
        ("ARG E=\nFROM a$E AS x\n", "a"),
    ],
)
def test_a_dockerfile_is_read_as_buildkit_does(text: str, image: str) -> None:
    """Arguments, line ends, comments, heredocs, directives and names in any case."""
    assert base(text) == image


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("ARG A=i-$TARGETARCH\nFROM $A AS x\n", "FROM $A depends on A, which has no default."),
        ("FROM a AS x\nRUN <<EOF\nb\n", "Unterminated heredoc in the Dockerfile: EOF."),
        ("# escape=%\nFROM a AS x\n", "Invalid escape character in the Dockerfile: '%'."),
        ("FROM a b AS x\n", "Invalid FROM in the Dockerfile: 'a b AS x'."),
        ("FROM\n", "Invalid FROM in the Dockerfile: ''."),
        ("FROM a IS x\n", "Invalid FROM in the Dockerfile: 'a IS x'."),
        ("ARG E=\nFROM $E AS x\n", "The base image of stage x is empty."),
        ("RUN a\n", "The Dockerfile has no stage x."),
    ],
)
def test_what_buildkit_refuses_is_refused(text: str, what: str) -> None:
    """Each with its own reason."""
    with pytest.raises(NothingToJudgeError) as caught:
        base(text)

    assert caught.value.what == what


def test_a_default_may_be_made_of_another() -> None:
    """It is what BuildKit gives to the stages; what depends on the platform says so."""
    text = "ARG A=3\nARG PY=${A}.13\nARG T=$TARGETARCH\n"

    assert dockerfile.default(text, "PY") == "3.13"
    with pytest.raises(NothingToJudgeError, match="TARGETARCH depends on TARGETARCH"):
        dockerfile.default(text, "T")


def test_the_lines_of_a_stage_are_not_cut_by_a_heredoc() -> None:
    """A line of a script that begins as an instruction is none; line ends stay as they are."""
    text = "FROM a AS One\r\nRUN <<EOF\r\nFROM b AS two\r\nEOF\r\nFROM c AS two\r\n"

    assert dockerfile.stage(text, "ONE") == text.partition("FROM c")[0]
    assert dockerfile.stage(text, "two") == "FROM c AS two\r\n"
