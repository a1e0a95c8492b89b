"""Which of a caller's variables reach the commands of Docker, and what an empty one is."""

from __future__ import annotations

from pathlib import Path

import pytest

from towpath.config import parse
from towpath.core.environment import FIXED, usable, variable
from towpath.core.errors import ConfigurationError
from towpath.engine.layout import layout

ROOT = Path("/project")
REACHING = {"DOCKER_HOST": "unix:///run/d.sock", "DOCKER_CONFIG": "/c", "DOCKER_CONTEXT": "lab"}


@pytest.mark.parametrize(
    "name",
    [
        *("DOCKER_DEFAULT_PLATFORM", "DOCKER_CONTENT_TRUST", "DOCKER_CONTENT_TRUST_SERVER"),
        *("DOCKER_API_VERSION", "DOCKER_BUILDKIT", "DOCKER_CUSTOM_HEADERS", "DOCKER_DEFAULT_X"),
        *("BUILDX_BUILDER", "BUILDX_CONFIG", "BUILDX_BAKE_FILE", "BUILDX_NO_DEFAULT_LOAD"),
        *("BUILDKIT_HOST", "BUILDKIT_PROGRESS", "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY"),
        *("COMPOSE_FILE", "COMPOSE_PROJECT_NAME", "COMPOSE_PROFILES", "COMPOSE_ENV_FILES"),
        *("COMPOSE_REMOVE_ORPHANS", "COMPOSE_CONVERT_WINDOWS_PATHS", "COMPOSE_PATH_SEPARATOR"),
        *("COMPOSE_IGNORE_ORPHANS", "COMPOSE_PARALLEL_LIMIT", "COMPOSE_COMPATIBILITY"),
        "SOURCE_DATE_EPOCH",
    ],
)
def test_what_changes_what_a_docker_command_does_is_left_out(name: str) -> None:
    """Which files, profiles, platforms and builders there are is said by us alone."""
    assert usable({name: "x", "PATH": "/bin"}) == {"PATH": "/bin"} | FIXED


def test_what_leads_to_the_engine_stays() -> None:
    """And so does everything that is not Docker's, a CI system of a like name among it."""
    others = {"BUILDKITE_BRANCH": "main", "HOME": "/h", "CI": "", "http_proxy": "http://p"}

    assert usable(REACHING | others) == REACHING | others | FIXED


def test_the_projects_env_file_is_not_read_by_compose() -> None:
    """Nor can a caller have it read; the builder is the engine's own, whichever was chosen."""
    said = {"COMPOSE_DISABLE_ENV_FILE": "0", "BUILDX_BUILDER": "far"}

    assert usable(said) == {"COMPOSE_DISABLE_ENV_FILE": "1", "BUILDX_BUILDER": "default"}


@pytest.mark.parametrize("text", ["", " ", "\t\n"])
@pytest.mark.parametrize("name", ["DOCKER_HOST", "TOWPATH_STATE", "XDG_STATE_HOME"])
def test_an_empty_variable_is_one_that_is_not_set(name: str, text: str) -> None:
    """Blanks are no value either."""
    assert usable({name: text}) == FIXED
    assert variable({name: text}, name, "usual") == "usual"
    assert variable({name: " there "}, name) == "there"


@pytest.mark.parametrize("name", ["TOWPATH_REGISTRIES", "TOWPATH_BUILDERS"])
def test_an_empty_list_says_that_there_are_none(name: str) -> None:
    """It takes the place of what the file names."""
    assert usable({name: ""}) == {name: ""} | FIXED


def test_a_state_that_docker_would_cut_in_two_is_refused() -> None:
    """A colon ends the name of a directory that is mounted."""
    with pytest.raises(ConfigurationError, match="/srv/a:b/app"):
        assert parse({}, ROOT, {"TOWPATH_STATE": "/srv/a:b"}).state


@pytest.mark.parametrize("empty", ["", " "])
def test_an_empty_variable_changes_nothing(empty: str) -> None:
    """What the file says stays, and what is usual."""
    names = ("NAME", "REGISTRY", "REPOSITORY", "ENVIRONMENTS", "SERVICES", "ENGINE_PORT")
    env = {f"TOWPATH_{name}": empty for name in names}
    found = parse({"name": "box", "registry": "r.example", "repository": "team/box"}, ROOT, env)

    assert (found.name, found.registry, found.repository) == ("box", "r.example", "team/box")
    assert found.tools == ROOT / ".nox"
    assert layout(env) == layout({})


@pytest.mark.parametrize(
    ("env", "state"),
    [
        ({"XDG_STATE_HOME": "state", "HOME": "/h"}, "/h/.local/state/towpath/app"),
        ({"TOWPATH_STATE": " ", "XDG_STATE_HOME": "", "HOME": "/h"}, "/h/.local/state/towpath/app"),
        ({"TOWPATH_STATE": "~/state", "HOME": "/h"}, "/h/state/app"),
        ({"TOWPATH_STATE": ".towpath", "HOME": "/h"}, "/project/.towpath/app"),
        ({"TOWPATH_STATE": "../own", "HOME": "/h"}, "/own/app"),
    ],
)
def test_the_state_does_not_depend_on_where_a_command_is_run(
    env: dict[str, str], state: str
) -> None:
    """It is absolute, as Compose needs it, and seen from the project."""
    assert parse({}, ROOT, env).state == Path(state)
