"""Direct references: a commit of a repository, a directory of the project, and nothing else."""

from __future__ import annotations

import pytest

from towpath.core.errors import ConfigurationError
from towpath.rendering.direct_reader import split

COMMIT = "0123456789" * 4
PINNED = "django==5.2 \\\n    --hash=sha256:aa\n"


def test_pins_alone_stay_as_they_are() -> None:
    """Also their comments and line breaks."""
    assert split(PINNED, "poetry.lock", "/project").hashed == PINNED


@pytest.mark.parametrize(
    ("line", "direct", "folders", "has_git"),
    [
        (f"lib @ git+https://host/lib.git@{COMMIT} ; python_version >= '3.11'", "same", (), True),
        (f"git+https://host/lib.git@{COMMIT}#egg=lib", "same", (), True),
        ("-e ./libs/one", "./libs/one", ("libs/one",), False),
        ("./libs/one", "./libs/one", ("libs/one",), False),
        (
            "one @ file:///project/libs/one ; sys_platform == 'linux'",
            "./libs/one",
            ("libs/one",),
            0,
        ),
        ("-e file:///project/libs/one", "./libs/one", ("libs/one",), False),
    ],
)
def test_a_direct_reference_is_built(
    line: str, direct: str, folders: tuple[str, ...], has_git: bool
) -> None:
    """The others keep their hashes."""
    found = split(f"{PINNED}{line}\n", "poetry.lock", "/project")

    wanted = line.partition(" ; ")[0] if direct == "same" else direct
    assert found.direct == (wanted,)
    assert found.folders == folders
    assert found.has_git == has_git
    assert found.hashed == "django==5.2 --hash=sha256:aa\n"


def test_the_project_itself_is_in_the_image_already() -> None:
    """As `-e .` in plain requirements."""
    assert split("-e .\n" + PINNED, "r.txt", "/project").direct == ()


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("lib @ git+https://host/lib.git@main", "a branch or a tag"),
        ("lib @ https://host/lib.zip", "neither a commit"),
        ("-e ../other", "outside the directory"),
        ("one @ file:///elsewhere/one", "outside the directory"),
    ],
)
def test_what_could_be_another_tomorrow_is_refused(line: str, why: str) -> None:
    """Or what the builder cannot see."""
    with pytest.raises(ConfigurationError) as caught:
        split(line, "uv.lock", "/project")
    assert why in caught.value.why
