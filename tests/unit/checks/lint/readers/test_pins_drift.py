"""Compiled requirements against those written by hand: every way in which they can differ."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from towpath.checks.lint.readers import pins
from towpath.core.errors import NothingToJudgeError
from towpath.core.findings import Finding

HASH = "    --hash=sha256:00\n"
IN = "# by hand\nDjango>=5 # the product\n"
TXT = f"# made by a tool\ndjango==5.2 \\\n{HASH}    # via -r x.in\n"


def drift(**files: str) -> list[tuple[str, int, str]]:
    """Return the findings of files in requirements/: `x_in` is x.in."""
    named = {f"requirements/{name.replace('_', '.')}": text for name, text in files.items()}
    found = pins.drift(named)
    assert all(row == Finding(row.path, row.line, "PINS", row.message) for row in found)
    return [(row.path.removeprefix("requirements/"), row.line, row.message) for row in found]


def test_what_agrees_has_no_finding() -> None:
    """Names in any spelling, extras, markers, a pre-release, who is asked for by another pin."""
    txt = (
        f"a-b==2.0rc1 ; python_version < '3.12' \\\n{HASH}{HASH}"
        "    # via\n    #   -r x.in\n    #   django\n"
        f"django[argon2]==5.2 \\\n{HASH}    # via\n    #   -c y.txt\n    #   -r x.in (line 2)\n\n"
    )
    y_txt = f"django==5.2 \\\n{HASH}    # via -r y.in\n"

    assert drift(x_in="A_b>=1\nDjango\n-c y.txt\n", x_txt=txt, y_in="django", y_txt=y_txt) == []
    assert drift(x_in=IN, x_txt=TXT) == []


@pytest.mark.parametrize(
    ("x_in", "x_txt", "wanted"),
    [
        ("django>=6\n", TXT, (2, "x.in requires django>=6, but 5.2 is pinned")),
        (IN + "celery\n", TXT, (0, "x.in requires celery, which is not pinned")),
        (
            IN,
            f"{TXT}celery==5 \\\n{HASH}    # via -r x.in\n",
            (5, "x.in no longer requires celery"),
        ),
        (
            IN,
            f"{TXT}a==5 \\\n{HASH}    # via django\ndjango==5.2 \\\n{HASH}    # via a\n",
            (8, "x.in requires django, but its pin does not name that file"),
        ),
        (
            IN,
            f"{TXT}a==5 \\\n{HASH}    # via\n    #   gone\n    #   away\n",
            (5, "a was required by away, gone, which is not pinned"),
        ),
        (IN, f"{TXT}a==5 \\\n{HASH}", (5, "a is not required by anything")),
        (IN, f"{TXT}a==5 \\\n{HASH}    # via -c y.txt\n", (5, "a is not required by anything")),
        (IN, f"{TXT}a==5\n    # via django\n", (5, "a has no hash")),
    ],
)
def test_what_differs_is_found(x_in: str, x_txt: str, wanted: tuple[int, str]) -> None:
    """On the line of the pin, where there is one."""
    assert drift(x_in=x_in, x_txt=x_txt) == [("x.txt", *wanted)]


def test_a_file_without_its_other_half_is_found() -> None:
    """Whichever is missing."""
    assert drift(x_in=IN) == [("x.in", 0, "x.txt is missing")]
    assert drift(x_in=IN, x_txt=TXT, y_txt=TXT) == [("y.txt", 0, "y.in is missing")]


Y_IN = "-r x.in\n-c z.txt\n"
Y_TXT = TXT.replace("-r x.in", "-r x.in\n    #   -c z.txt")


@pytest.mark.parametrize(
    ("version", "wanted"),
    [
        ("5.2", []),
        ("5.1", [("y.txt", 2, "django is 5.2 here and 5.1 in z.txt")]),
    ],
)
def test_a_file_that_is_obeyed_has_the_same_pins(
    version: str, wanted: list[tuple[str, int, str]]
) -> None:
    """What is taken in may be asked for there; the file that is obeyed says which version."""
    z_txt = f"django=={version} \\\n{HASH}    # via -r z.in\n"
    found = drift(x_in=IN, x_txt=TXT, y_in=Y_IN, y_txt=Y_TXT, z_in="django", z_txt=z_txt)

    assert found == wanted


def test_an_obeyed_file_of_two_versions_allows_both() -> None:
    """One for each platform; a third one is neither."""
    two = f"django==5.1 \\\n{HASH}    # via -r z.in\ndjango==5.0 \\\n{HASH}    # via -r z.in\n"
    found = drift(x_in=IN + "-c z.txt\n", x_txt=TXT, z_in="django", z_txt=two)

    assert found == [("x.txt", 2, "django is 5.2 here and 5.0, 5.1 in z.txt")]


def test_files_may_take_in_each_other() -> None:
    """It ends, and a file far away counts too."""
    y_txt = f"celery==5 \\\n{HASH}    # via -r x.in\n"

    found = drift(
        x_in="-r y.in\ncelery\n",
        x_txt=y_txt,
        y_in="-r z.in\n-r x.in\n",
        y_txt=y_txt,
        z_in="",
        z_txt=y_txt,
    )

    assert found == [("z.txt", 1, "x.in no longer requires celery")]


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({}, "There is no requirements/*.in."),
        ({"a/x.txt": TXT}, "There is no requirements/*.in."),
        ({"a/x.in": IN, "a/x.txt": "# none\n"}, "a/x.txt has no pins."),
        (
            {"a/x.in": IN, "a/x.txt": f"{TXT}odd\n"},
            "a/x.txt:5 is not a pin: 'odd': it allows more than one version.",
        ),
        (
            {"a/x.in": IN, "a/x.txt": f"--hash=sha256:01\n{TXT}"},
            "a/x.txt:1 is not a pin: '--hash=sha256:01': it is an option without a requirement.",
        ),
        ({"a/x.in": "-r y.in\n", "a/x.txt": TXT}, "x.in includes y.in, which does not exist."),
    ],
)
def test_what_cannot_be_read_gives_no_verdict(files: Mapping[str, str], why: str) -> None:
    """Nothing to judge, a line that is no pin, or a file that is not there."""
    with pytest.raises(NothingToJudgeError) as caught:
        pins.drift(files)

    assert caught.value.lines() == [
        "requirements-drift produced no usable result.",
        f"why: {why}",
        "next: See its output in reports/logs/requirements-drift.log.",
    ]


def test_a_requirement_that_is_none_names_its_line() -> None:
    """With what is wrong with it."""
    with pytest.raises(NothingToJudgeError) as caught:
        pins.drift({"a/x.in": "\n# by hand\nno such thing\n", "a/x.txt": TXT})

    assert caught.value.why.startswith("a/x.in:3: Expected")
