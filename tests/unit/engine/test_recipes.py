"""What the engine is made of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from towpath.core.errors import EngineAbsentError
from towpath.engine import python_images, recipes

MIRRORS = ["deb http://mirror.example/debian trixie main"]


@pytest.mark.parametrize(
    ("machine", "expected"), [("x86_64", ("amd64", "arm64")), ("aarch64", ("arm64", "amd64"))]
)
def test_both_architectures_whatever_the_machine(machine: str, expected: tuple[str, str]) -> None:
    """The machine's own architecture comes first, the other one is emulated."""
    assert recipes.architecture(machine) == expected


def test_another_machine_has_no_embedded_engine() -> None:
    """A machine that Docker's images do not know is refused with its name."""
    with pytest.raises(EngineAbsentError, match="riscv64"):
        recipes.architecture("riscv64")


def test_root_has_one_emulator_of_all() -> None:
    """Of the emulators only the one for the other architecture is unpacked."""
    argv = recipes.root(Path("/state/root"), "arm64", MIRRORS)

    assert argv[:2] == ["mmdebstrap", "--variant=minbase"]
    assert argv.index("--dpkgopt=path-exclude=/usr/bin/qemu-*") < argv.index(
        "--dpkgopt=path-include=/usr/bin/qemu-aarch64"
    )
    assert argv[-3:] == ["trixie", "/state/root", *MIRRORS]


def test_foreign_python_is_only_unpacked() -> None:
    """Nothing of the other architecture runs: packages are extracted, not installed."""
    argv = recipes.foreign_python(Path("python.tar"), "arm64", [])

    assert argv == [
        "mmdebstrap",
        "--arch=arm64",
        "--variant=extract",
        "--include=?essential",
        "--include=?priority(required)",
        "--include=apt,ca-certificates,netbase,python3,python3-pip,python3-venv,tzdata,"
        "libpython3.13",
        "trixie",
        "python.tar",
    ]


def test_images_of_python_have_its_shared_library() -> None:
    """As the official images do: uwsgi and others that embed Python are linked with it."""
    variables = recipes.images("localhost:5000", "amd64", "arm64", {}, "3.14")

    assert variables["PYTHON_PACKAGES"].split()[-1] == "libpython3.14"
    assert python_images.packages("python:3.11-slim")[-1] == "libpython3.11"


def test_side_by_side_is_one_shell_with_quoted_words() -> None:
    """Each row runs in order, both at once, and a word with a blank stays one word."""
    argv = recipes.side_by_side([["a", "b c"]], [["d"], ["e"]])

    assert argv == [
        "sh",
        "-c",
        "{ a 'b c'; } & left=$!; { d && e; }; right=$?; wait $left && exit $right",
    ]


def test_side_by_side_with_nothing_on_one_side() -> None:
    """An empty row is the command that does nothing."""
    assert "{ true; } & left=$!; { d; };" in recipes.side_by_side([], [["d"]])[2]


@pytest.mark.parametrize(
    ("native", "foreign", "stages"),
    [
        ("amd64", "arm64", ("python-native", "python-foreign")),
        ("arm64", "amd64", ("python-foreign", "python-native")),
    ],
)
def test_images_name_the_stage_of_each_platform(
    native: str, foreign: str, stages: tuple[str, str]
) -> None:
    """The platform of the machine is installed, the other one adopted."""
    variables = recipes.images("localhost:5000", native, foreign, {"http_proxy": "http://p:3128"})

    assert (variables["PYTHON_AMD64"], variables["PYTHON_ARM64"]) == stages
    assert variables["FOREIGN"] == foreign
    assert variables["http_proxy"] == "http://p:3128"


def test_daemon_uses_the_image_store_that_knows_platforms() -> None:
    """The daemon has containerd's store, its own socket, and our registry as mirror."""
    settings = json.loads(recipes.daemon_config(Path("/s"), Path("/r"), 5001))

    assert settings["features"] == {"containerd-snapshotter": True}
    assert settings["hosts"] == ["unix:///r/docker.sock"]
    assert settings["registry-mirrors"] == ["http://127.0.0.1:5001"]
    assert settings["data-root"] == "/s/docker"


def test_registry_is_reached_from_this_machine_only() -> None:
    """The registry itself knows no login: it has a socket, and HAProxy the loopback address."""
    settings = json.loads(recipes.registry_config(Path("/s"), Path("/r")))
    front = recipes.front_config(Path("/r"), 5001, "word")

    assert settings["http"] == {"net": "unix", "addr": "/r/registry.sock"}
    assert "bind 127.0.0.1:5001\n" in front and front.count("bind ") == 1
    assert "server registry unix@/r/registry.sock\n" in front
    assert "http-request auth realm towpath unless ours or reads !asks_for_login\n" in front
    assert settings["storage"]["filesystem"] == {"rootdirectory": "/s/registry"}


@pytest.mark.parametrize("readonly", [False, True])
def test_registry_deletes_what_it_is_told_and_can_be_read_only(readonly: bool) -> None:
    """A prune needs the one, and the freeing of the disk the other."""
    settings = json.loads(recipes.registry_config(Path("/s"), Path("/r"), readonly=readonly))

    assert settings["storage"]["delete"] == {"enabled": True}
    assert settings["storage"]["maintenance"] == {"readonly": {"enabled": readonly}}


OURS = {"auth": "dG93cGF0aDp3b3Jk"}  # towpath:word


@pytest.mark.parametrize(
    ("user", "earlier", "expected"),
    [
        ("", "", {}),
        ("no json", "[]", {}),
        ('{"auths": {"r": {"auth": "x"}}}', "", {"r": {"auth": "x"}}),
        ("{}", '{"auths": {"r": {"auth": "x"}}}', {"r": {"auth": "x"}}),
        (
            '{"auths": {"r": {"auth": "y"}}}',
            '{"auths": {"r": {"auth": "x"}}}',
            {"r": {"auth": "y"}},
        ),
        ('{"auths": [1]}', '{"auths": {"localhost:5001": {"auth": "old"}}}', {}),
    ],
    ids=["none", "broken", "the user's", "made here", "changed", "of an earlier engine"],
)
def test_clients_of_the_engine_have_all_logins(
    user: str, earlier: str, expected: dict[str, object]
) -> None:
    """The user's, those made with the engine's own client, and the registry's by both its names."""
    found = json.loads(recipes.client_config(user, earlier, 5001, "word"))

    assert found == {"auths": {**expected, "localhost:5001": OURS, "127.0.0.1:5001": OURS}}


def test_a_user_s_helper_is_not_asked_for_the_engine_s_registry() -> None:
    """Everything else of the user's config stays as it is."""
    user = '{"credsStore": "desktop", "credHelpers": {"r": "own"}, "proxies": {}}'
    found = json.loads(recipes.client_config(user, "", 5001, "word"))

    assert found["credHelpers"] == {"r": "own", "localhost:5001": "", "127.0.0.1:5001": ""}
    assert (found["credsStore"], found["proxies"]) == ("desktop", {})


def test_every_assembled_image_is_a_target_that_is_pushed() -> None:
    """The list that is read back after the build is the list that the build pushes."""
    bake = Path(recipes.__file__).with_name("images") / "docker-bake.hcl"

    pushed = [
        line.split("/library/")[1] for line in bake.read_text().splitlines() if "/lib" in line
    ]

    named = [name.strip('"]').replace("${PYTHON_TAG}", "python:3.13-slim") for name in pushed]
    assert named == list(recipes.IMAGES)


def test_fingerprint_changes_with_any_part() -> None:
    """Two recipes have one name only if all their parts are the same."""
    one = recipes.fingerprint(b"file", ["a", "b"])

    assert one == recipes.fingerprint(b"file", ["a", "b"])
    assert len({one, recipes.fingerprint(b"file", ["ab"]), recipes.fingerprint(b"fil", ["e"])}) == 3
