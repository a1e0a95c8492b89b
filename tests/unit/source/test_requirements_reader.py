"""Requirements as people and their tools write them: read, or refused with the true reason."""

from __future__ import annotations

import pytest

from towpath.checks.lint.readers import pins
from towpath.core.errors import ConfigurationError, NothingToJudgeError
from towpath.source import requirements_reader as requirements

HASH = "    --hash=sha256:00\n"
DJANGO = [("Django", "5.2")]


@pytest.mark.parametrize(
    "text",
    [
        "--index-url https://pypi.example.com/simple\nDjango==5.2\n",
        "-i https://pypi.example.com/simple\nDjango==5.2\n",
        "--extra-index-url=https://x.example.com\n--trusted-host x.example.com\nDjango==5.2\n",
        "--only-binary :all:\n--no-binary=lxml\n--find-links ./wheels\n-f y\nDjango==5.2\n",
        "--pre\n--prefer-binary\n--require-hashes\n--no-index\nDjango==5.2\n",
        "\ufeffDjango==5.2\n",
        "Django == 5.2\n",
        "Django ==5.2 ; python_version >= '3.12'\n",
        "Django[argon2] == 5.2\n",
        "Django===5.2\n",
        "Django==5.2,<6\n",
        f"Django==5.2 --hash=sha256:{'0' * 64}\n",
        f"Django==5.2 --hash=sha256:{'0' * 64} --hash=sha256:{'1' * 64}  # via -r x.in\n",
        f"Django==5.2 \\\r\n    --hash=sha256:{'0' * 64}\r\n    # via -r x.in\r\n",
        f"Django==5.2 \\\n  --hash=sha256:{'0' * 64} \\\n  --hash=sha256:{'1' * 64}\n",
        "Django==5.2  # via -r x.in, celery\n",
        "  Django==5.2\n\n   # a word\n",
        "Django==5.2 --config-settings='a=b'\n",
    ],
)
def test_a_pin_is_read_however_it_is_written(text: str) -> None:
    """Options of the file, marks, spaces, hashes and annotations are not part of it."""
    assert requirements.read_requirements(text, "p.txt") == DJANGO


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Django==5.2.*", "it allows more than one version"),
        ("Django>=5.2", "it allows more than one version"),
        ("Django", "it allows more than one version"),
        ("Django==5.2,==5.2.*", "it allows more than one version"),
        ("-e .", "it installs a directory, which has no version and no hash"),
        ("--editable=./lib", "it installs a directory, which has no version and no hash"),
        ("./lib", "it installs a directory, which has no version and no hash"),
        ("-r other.txt", "it includes another file, whose pins are not in this one"),
        ("--requirement=other.txt", "it includes another file, whose pins are not in this one"),
        ("-c other.txt", "it includes another file, whose pins are not in this one"),
        ("Django @ https://x.example.com/d.whl", "it installs from a URL without a fixed version"),
        ("--no-such-option", "it is an option without a requirement"),
        ("half of a li", "Expected"),
    ],
)
def test_a_line_that_is_no_pin_is_refused_with_its_reason(line: str, reason: str) -> None:
    """And with its number."""
    with pytest.raises(ConfigurationError) as caught:
        requirements.read_requirements(f"Django==5.2\n{line}\n", "p.txt")

    assert caught.value.what == f"p.txt has a line that is not a pin: {line!r}"
    assert f"Line 2: {reason}" in caught.value.why or reason in caught.value.why


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_the_byte_order_mark_names_the_encoding(encoding: str) -> None:
    """PowerShell writes UTF-16."""
    raw = "Django==5.2  # für uns\n".encode(encoding)

    assert requirements.read_requirements(requirements.decode(raw, "p.txt"), "p.txt") == DJANGO


def test_bytes_that_are_no_text_are_a_wrong_setting() -> None:
    """Not a traceback."""
    with pytest.raises(ConfigurationError) as caught:
        requirements.decode(b"Django==5.2 # f\xfcr uns\n", "p.txt")

    assert caught.value.what == "p.txt is not UTF-8 text."


X_IN = "Django>=5\n"
TXT = f"django==5.2 \\\n{HASH}    # via -r x.in\n"


def drift(x_in: str, x_txt: str, **more: str) -> list[str]:
    """Return what is said of x.in and x.txt, and of more files: `y_in` is y.in."""
    others = {f"requirements/{name.replace('_', '.')}": text for name, text in more.items()}
    found = pins.drift({"requirements/x.in": x_in, "requirements/x.txt": x_txt, **others})
    return [str(row).removeprefix("requirements/") for row in found]


@pytest.mark.parametrize(
    ("x_in", "x_txt"),
    [
        # Compiled from the root of the project.
        (X_IN, TXT.replace("x.in", "requirements/x.in")),
        (X_IN, TXT.replace("x.in", "./requirements/x.in (line 1)")),
        # Without annotations.
        (X_IN, f"asgiref==3 \\\n{HASH}django==5.2 \\\n{HASH}"),
        # Annotations on one line, below the hashes or behind the pin.
        (X_IN, f"asgiref==3 \\\n{HASH}    # via django, channels\n"
         f"channels==1 --hash=sha256:0  # via django\n{TXT}"),
        (X_IN, f"django==5.2 --hash=sha256:00  # via -r x.in, channels\n"
         f"channels==1 \\\n{HASH}    # via django\n"),
        # Where it came from is no requirement.
        (X_IN, f"--index-url https://x.example.com\n\n{TXT}    # from https://x.example.com\n"),
        # Two markers of one name.
        (
            "numpy<2 ; python_version < '3.12'\nnumpy>=2 ; python_version >= '3.12'\n",
            f"numpy==1.26 ; python_version < '3.12' \\\n{HASH}    # via -r x.in\n"
            f"numpy==2.1 ; python_version >= '3.12' \\\n{HASH}    # via -r x.in\n",
        ),
        # Only where it is needed.
        (
            f"{X_IN}pywin32 ; sys_platform == 'win32'\n",
            TXT,
        ),
        ("\ufeffDjango >= 5\n--index-url https://x.example.com\n-e .\n", TXT),
        (f"{X_IN}-r requirements/y.in\n", f"{TXT}a==1 \\\n{HASH}    # via -r requirements/y.in\n"),
    ],
)  # fmt: skip
def test_what_was_compiled_in_another_way_has_not_drifted(x_in: str, x_txt: str) -> None:
    """From another directory, with other annotations or none, for several machines."""
    assert drift(x_in, x_txt, y_in="a\n", y_txt=f"a==1 \\\n{HASH}    # via -r y.in\n") == []


@pytest.mark.parametrize(
    ("x_in", "x_txt", "words"),
    [
        (
            "Django>=6\n",
            f"django==5.2 \\\n{HASH}",
            "x.txt:1: PINS x.in requires django>=6, but 5.2 is pinned",
        ),
        (
            "numpy<2 ; python_version < '3.12'\nnumpy>=3 ; python_version >= '3.12'\n",
            f"numpy==1.26 \\\n{HASH}    # via -r x.in\n",
            "x.txt:1: PINS x.in requires numpy>=3, but 1.26 is pinned",
        ),
        (
            f"{X_IN}uvloop ; sys_platform != 'win32'\n",
            TXT,
            "x.txt: PINS x.in requires uvloop, which is not pinned",
        ),
        (X_IN, "django==5.2  # via -r requirements/x.in\n", "x.txt:1: PINS django has no hash"),
    ],
)
def test_a_real_difference_is_still_found(x_in: str, x_txt: str, words: str) -> None:
    """Whichever way it was compiled."""
    assert drift(x_in, x_txt) == [words]


@pytest.mark.parametrize("line", ["-e .", "lib @ file:///lib", "django==5.*"])
def test_a_compiled_line_that_is_no_pin_gives_no_verdict(line: str) -> None:
    """With its number and the reason."""
    with pytest.raises(NothingToJudgeError) as caught:
        drift(X_IN, f"{TXT}{line}\n")

    assert caught.value.why.startswith(f"requirements/x.txt:4 is not a pin: {line!r}: it ")


def test_files_are_followed_and_hashes_are_wanted_of_all_or_none() -> None:
    """A change in an included file makes the environment again."""
    assert requirements.included("requirements/dev.txt", "-r base.txt\n-c ../c.txt\nx\n") == [
        *("requirements/base.txt", "requirements/../c.txt"),
    ]
    assert requirements.is_hashed("-c c.txt\na==1 --hash=sha256:aa\n")
    assert not requirements.is_hashed("a==1 --hash=sha256:aa\nb==1\n")
    assert not requirements.is_hashed("")
