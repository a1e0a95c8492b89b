"""Requirements: what was compiled says what was written by hand, or the difference is named."""

from __future__ import annotations

import pytest

from towpath.checks.lint.readers import pins
from towpath.core.errors import NothingToJudgeError

HASH = "    --hash=sha256:00\n"
BASE = f"# made by uv\nA==1.5 \\\n{HASH}    # via -r base.in\nb-c==2 \\\n{HASH}    # via a\n"
FILES = {
    "r/base.in": "# words\na>=1  # a reason\n",
    "r/base.txt": BASE,
    "r/more.in": "-c base.txt\n-r base.in\nd[x]>=3\n",
    "r/more.txt": f"a==1.5 ; python_version < '4' \\\n{HASH}    # via\n    #   -c base.txt\n"
    f"    #   -r base.in\nb-c==2 \\\n{HASH}    # via\n    #   -c base.txt\n    #   a\n"
    f"d[x]==3.1 \\\n{HASH}    # via -r more.in\n",
}


def found(**changed: str | None) -> list[str]:
    """Return what is said of the files, with some changed; None takes one away."""
    files = {**FILES, **{f"r/{name.replace('_', '.')}": text for name, text in changed.items()}}
    return [str(row) for row in pins.drift({key: text for key, text in files.items() if text})]


def test_what_was_compiled_from_these_has_no_drift() -> None:
    """Names in any spelling, extras, markers, a file that takes in another."""
    assert found() == []


def changed(old: str, new: str, file: str = "more.txt") -> str:
    """Return one of the files with other words."""
    assert old in FILES[f"r/{file}"]
    return FILES[f"r/{file}"].replace(old, new)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"base_in": "a>=1\nnew\n"}, ["r/base.txt: PINS base.in requires new, which is not"]),
        ({"base_in": "a>=2\n"}, ["r/base.txt:2: PINS base.in requires a>=2, but 1.5 is pinned"]),
        ({"base_in": "b_c\n"}, ["base.in no longer requires a"]),
        ({"base_in": "a\nb-c\n"}, ["requires b-c, but its pin does not name that file"]),
        ({"more_txt": changed("d[x]==3.1", "d[x]==2")}, ["requires d>=3, but 2 is pinned"]),
        ({"more_txt": changed("b-c==2 ", "b-c==3 ")}, ["b-c is 3 here and 2 in base.txt"]),
        ({"more_txt": changed("    #   a\n", "")}, ["b-c is not required by anything"]),
        (
            {"more_txt": changed("    #   a\n", "    #   z\n")},
            ["b-c was required by z, which is not"],
        ),
        ({"base_txt": changed(f" \\\n{HASH}", "\n", "base.txt")}, ["a has no hash"]),
        ({"base_txt": None}, ["r/base.in: PINS base.txt is missing"]),
        ({"more_in": None}, ["r/more.txt: PINS more.in is missing"]),
    ],
)
def test_every_difference_is_named(files: dict[str, str | None], words: list[str]) -> None:
    """With its file and, where there is one, its line."""
    said = found(**files)

    assert said and all(any(word in row for row in said) for word in words)


@pytest.mark.parametrize(
    "files",
    [
        {"base_in": None, "more_in": None},
        {"more_in": "-r none.in\n"},
        {"base_in": "a b c\n"},
        {"base_txt": "# nothing\n"},
        {"base_txt": "a>=1\n"},
        {"base_txt": BASE + "half of a li"},
    ],
)
def test_what_cannot_be_read_gives_no_verdict(files: dict[str, str | None]) -> None:
    """No file to judge, a part that is not there, a line that is no pin."""
    with pytest.raises(NothingToJudgeError, match="requirements-drift produced no usable result"):
        found(**files)
