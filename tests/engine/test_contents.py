"""What is in the images, and what is not: looked for in every layer, and in containers that run."""

from __future__ import annotations

import gzip
import json
import tarfile
import time
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest

from tests.engine.product import BESIDE, PLATFORMS, SEALED, SECRET, SETTINGS, inside
from towpath.config.workspace import Workspace
from towpath.core.errors import CommandFailedError
from towpath.evidence import provenance
from towpath.images import origin, readback
from towpath.images.build import Built
from towpath.registry import attachments as attached
from towpath.registry import image as registries
from towpath.registry import oci_reader as oci
from towpath.scanning import sbom
from towpath.scanning import spdx_reader as spdx

pytestmark = pytest.mark.engine

PATIENCE = 90.0  # seconds until a container under emulation has to be healthy
TOOLS = {"gcc", "cc", "c++", "g++", "clang", "tcc", "ld", "as", "make", "cmake", "rustc", "cargo"}
INSTALLERS = {"pip", "pip3", "uv", "easy_install", "ensurepip", "setuptools", "wheel"}
LIST = (
    "import json, os, stat\n"
    "rows = []\n"
    "for top, folders, files in os.walk('/'):\n"
    "    folders[:] = [f for f in folders if top + f not in ('/proc', '/sys', '/dev')]\n"
    "    for name in (*folders, *files):\n"
    "        path = os.path.join(top, name)\n"
    "        row = os.lstat(path)\n"
    "        rows.append([path, row.st_mode, row.st_size, row.st_uid])\n"
    "print(json.dumps(rows))\n"
)

Row = tuple[PurePosixPath, int, int, int]


@pytest.fixture(scope="module", params=PLATFORMS)
def files(request: pytest.FixtureRequest, workspace: Workspace, built: Built) -> list[Row]:
    """Return every path of a container: mode, size and owner, as root sees them."""
    said = inside(
        workspace,
        built,
        *("python", "-c", LIST),
        platform=request.param,
        options=("--user=0", "--cap-add=DAC_READ_SEARCH"),
    )
    return [
        (PurePosixPath(path), mode, size, owner) for path, mode, size, owner in json.loads(said)
    ]


def test_no_installer_is_left(files: list[Row]) -> None:
    """pip, setuptools, wheel and ensurepip are empty files where the Python image had them."""
    assert any(path.name == "django" for path, *_ in files), "the listing is whole"
    left = [str(path) for path, _, size, _ in files if path.name in INSTALLERS and size]
    assert left == []
    assert [str(path) for path, *_ in files if path.suffix == ".whl"] == []


def test_no_compiler_is_there(files: list[Row]) -> None:
    """Nothing can be built in production."""
    programs = {
        path.name.rpartition("-")[2]
        for path, mode, *_ in files
        if mode & 0o111 and path.parent.name in ("bin", "sbin")
    }

    assert "python3" in programs
    assert programs & TOOLS == set()


def test_no_program_gives_more_rights(files: list[Row]) -> None:
    """No file runs as its owner or group, whoever starts it."""
    assert [
        str(path) for path, mode, *_ in files if mode & 0o170000 == 0o100000 and mode & 0o6000
    ] == []


def test_nothing_of_ours_may_be_changed_by_the_application(files: list[Row]) -> None:
    """Code and libraries belong to root and are written by nobody else."""
    ours = [row for row in files if row[0].is_relative_to("/srv")]

    assert len(ours) > 1000
    assert [str(path) for path, mode, _, owner in ours if owner or mode & 0o022] == []


def test_no_trace_of_the_workshop(files: list[Row]) -> None:
    """Git, settings of a laptop, tests, caches and the pipeline stay outside."""
    paths = [path for path, *_ in files]
    forbidden = {".git", ".env", ".dockerignore", "Dockerfile", "towpath", "noxfile.py"}

    assert [str(path) for path in paths if path.name in forbidden] == []
    # The scripts of the build are mounted for one instruction each.
    assert [str(path) for path in paths if path.parts[1:2] == ("docker",)] == []
    assert [
        str(path)
        for path in paths
        if path.is_relative_to("/srv/app") and path.name in ("tests", "db.sqlite3")
    ] == []
    assert sorted(path.name for path in paths if str(path.parent) == "/srv") == [
        "app",
        "epoch",
        "lib",
    ]
    assert [str(path) for path in paths if path.name in (".cache", "pip.conf")] == []
    lists = [path for path in paths if str(path.parent) == "/var/lib/apt/lists"]
    assert {path.name for path in lists} <= {"lock", "partial", "auxfiles"}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_ordinary_user_without_an_installer(
    workspace: Workspace, built: Built, platform: str
) -> None:
    """The user has no name and no rights; pip is no module and no program."""
    script = (
        "import os, shutil;"
        "print(os.getuid(), os.getgid(), shutil.which('pip'), shutil.which('su'))"
    )

    assert inside(workspace, built, "python", "-c", script, platform=platform).split() == [
        *("10001", "10001", "None", "None"),
    ]
    with pytest.raises(CommandFailedError) as caught:
        inside(workspace, built, "python", "-m", "pip", "--version", platform=platform)
    assert "No module named pip" in caught.value.why


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_healthcheck_passes_on_a_read_only_root(
    workspace: Workspace, built: Built, platform: str
) -> None:
    """The web process serves on each platform, by the image's own HEALTHCHECK."""
    image = workspace.config.images.at(built.digest)
    argv = [*SEALED, "--detach", f"--platform={platform}", *SETTINGS, image]
    container = workspace.runner.run(argv).stdout.strip()
    try:
        assert _health(workspace, container) == "healthy"
    finally:
        workspace.runner.run(["docker", "rm", "--force", container])


def _health(workspace: Workspace, container: str) -> str:
    """Return how the container's health ends: healthy, unhealthy, or as it was at the deadline."""
    deadline = time.monotonic() + PATIENCE
    ask = ["docker", "inspect", "--format={{.State.Health.Status}}", container]
    while (said := workspace.runner.run(ask).stdout.strip()) == "starting":
        if time.monotonic() > deadline:
            break
        time.sleep(1)
    return said


def test_no_secret_is_in_any_blob(workspace: Workspace, rebuilt: dict[str, Built]) -> None:
    """Neither the file beside the code nor the build's secret is in a manifest, config or layer."""
    seen = 0
    for name, content in _blobs(workspace, rebuilt):
        seen += 1
        for sentinel in (BESIDE, SECRET):
            assert sentinel not in content, name
    assert seen > 3 * len(PLATFORMS) * 4
    log = workspace.config.reports / "logs" / "build.log"
    assert SECRET not in log.read_bytes() and BESIDE not in log.read_bytes()


def _blobs(workspace: Workspace, images: dict[str, Built]) -> Iterator[tuple[str, bytes]]:
    """Yield every document and every layer of ours, as it is stored and unpacked."""
    registry = registries.client(workspace)
    for target, built in images.items():
        image = registries.image(registry, built.digest)
        yield target, image.index.content
        for artifact in attached.artifacts(registry, built.digest, provenance.ARTIFACT_TYPE):
            yield f"{target} provenance", attached.content(registry, artifact)
        above = readback.added_layers(image, origin.base(registry, built.digest))
        for platform, part in image.platforms.items():
            yield f"{target} {platform} manifest", part.manifest.content
            yield f"{target} {platform}", registry.blob(oci.config_of(part.manifest).digest)
            for layer in above[platform]:
                content = registry.blob(layer.digest)
                yield f"{target} {layer.digest}", content
                yield f"{target} {layer.digest}", gzip.decompress(content)


def test_the_search_would_find_a_secret(workspace: Workspace, rebuilt: dict[str, Built]) -> None:
    """What is known to be in a layer of the code is found by the same search."""
    known = b"def web(port: int = PORT"

    found = [name for name, content in _blobs(workspace, rebuilt) if known in content]

    assert {name.partition(" ")[0] for name in found} == {"production", "testing", "development"}


def test_the_testing_image_runs_the_tests_inside_itself(
    workspace: Workspace, rebuilt: dict[str, Built]
) -> None:
    """Production with the test tools on top passes the tests of the application."""
    said = inside(workspace, rebuilt["testing"])

    assert " passed" in said
    assert " failed" not in said


def test_every_platform_gets_its_list_of_packages(workspace: Workspace, built: Built) -> None:
    """syft lists the image that was pushed; the lists hang on its digest, which stays the same."""
    registry = registries.client(workspace)
    image = registries.image(registry, built.digest)

    listed = sbom.ensure_attached(workspace, registry, image)

    assert listed.missing == {}
    assert set(listed.packages) == set(PLATFORMS)
    assert registry.resolve(built.tags[0]) == built.digest
    for artifact in attached.artifacts(registry, built.digest, spdx.ARTIFACT_TYPE):
        document = json.loads(attached.content(registry, artifact))
        names = {row["name"] for row in document["packages"]}
        assert {"django", "gunicorn", "openssl"} <= names
        assert "pip" not in names


def test_layers_of_ours_are_as_old_as_the_commit_or_older(
    workspace: Workspace, built: Built
) -> None:
    """No file has the time of the build: that is what makes two builds one digest."""
    registry = registries.client(workspace)
    image = registries.image(registry, built.digest)
    above = readback.added_layers(image, origin.base(registry, built.digest))
    epoch = int(workspace.runner.run(["git", "log", "-1", "--format=%ct"]).stdout)
    for layer in above[PLATFORMS[1]]:
        with registry.open_blob(layer.digest) as stream, tarfile.open(fileobj=stream) as tar:
            # A folder that COPY or WORKDIR makes has the time of the source date, too.
            assert {member.mtime for member in tar if member.mtime > epoch} == set()
