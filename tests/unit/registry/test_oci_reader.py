"""What the documents of an image say, and what a layer does to the files below it."""

from __future__ import annotations

import io
import json
import tarfile

import pytest

from towpath.core.errors import NothingToJudgeError
from towpath.registry import oci_reader as oci
from towpath.registry.oci_reader import Descriptor, ImageConfig, Manifest

DIGEST = f"sha256:{'a' * 64}"


def manifest(document: object, kind: str = oci.MANIFEST) -> Manifest:
    return Manifest(kind, json.dumps(document).encode())


def row(**more: object) -> dict[str, object]:
    return {"mediaType": "t", "digest": DIGEST, "size": 3, **more}


def test_the_images_of_an_index_have_platforms() -> None:
    """An attestation, listed for no platform, is not an image."""
    index = manifest(
        {
            "manifests": [
                row(platform={"os": "linux", "architecture": "arm64"}),
                row(platform={"os": "unknown", "architecture": "unknown"}),
                row(artifactType="x"),
            ]
        },
        oci.INDEX,
    )

    assert index.is_index
    assert oci.children(index) == [Descriptor("t", DIGEST, 3, "linux/arm64")]
    assert oci.entries(index)[2].artifact_type == "x"


def test_the_size_of_an_image_is_its_config_and_layers() -> None:
    """Compressed bytes are summed; the manifest itself is not counted."""
    image = manifest({"config": row(size=10), "layers": [row(size=200), row(size=3000)]})

    assert not image.is_index
    assert oci.compressed_size(image) == 3210
    assert oci.config_of(image).size == 10


def test_the_config_names_platform_labels_and_user() -> None:
    """What an image says of itself is read, absent labels as none."""
    full = {
        "os": "linux",
        "architecture": "amd64",
        "config": {"Labels": {"a": "b"}, "User": "10001:10001"},
    }

    assert oci.image_config(json.dumps(full).encode()) == ImageConfig(
        "linux/amd64", {"a": "b"}, "10001:10001"
    )
    assert oci.image_config(b'{"os": "linux", "architecture": "arm64"}') == ImageConfig(
        "linux/arm64", {}, ""
    )


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"no", b"{}", b'{"os": "linux"}', b'{"architecture": 3}']
)
def test_a_broken_config_is_nothing_to_judge(content: bytes) -> None:
    """A config without a platform never reads as one."""
    with pytest.raises(NothingToJudgeError):
        oci.image_config(content)


@pytest.mark.parametrize(
    "document",
    [{}, {"layers": 1}, {"layers": [{}]}, {"layers": [None]}, {"layers": [row(size="x")]}],
)
def test_a_broken_manifest_is_nothing_to_judge(document: object) -> None:
    """A list that is missing, or an entry that is not whole, never reads as empty."""
    with pytest.raises(NothingToJudgeError):
        oci.layers(manifest(document))


def test_an_artifact_speaks_of_its_subject_and_is_the_same_each_time() -> None:
    """The manifest names type and subject, and holds no time."""
    subject = Descriptor(oci.INDEX, DIGEST, 7, "linux/amd64")
    made = [oci.artifact("application/x", subject, [], {"k": "v"}) for _ in range(2)]

    assert made[0] == made[1]
    assert made[0].document["subject"] == {"mediaType": oci.INDEX, "digest": DIGEST, "size": 7}
    assert made[0].document["config"]["digest"] == oci.sha256(b"{}")
    assert made[0].descriptor.artifact_type == "application/x"


def test_an_index_of_artifacts_keeps_their_types() -> None:
    """What the fallback tag holds is read back as it was written."""
    rows = [Descriptor(oci.MANIFEST, DIGEST, 5, artifact_type="application/x")]

    assert oci.entries(oci.index_of(rows)) == rows


def layer(files: dict[str, bytes]) -> tarfile.TarFile:
    """Return an open layer with these files, in this order."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    stream.seek(0)
    return tarfile.open(fileobj=stream, mode="r|")


def wanted(name: str) -> bool:
    return not name.endswith(".txt")


def test_layers_lie_over_each_other() -> None:
    """A later layer replaces, deletes and hides; only wanted names are kept."""
    files: dict[str, bytes] = {}
    oci.overlay(
        files,
        layer({"./a/one": b"1", "a/two": b"2", "b/x/old": b"3", "c": b"4", "n.txt": b""}),
        wanted,
    )
    oci.overlay(
        files,
        layer({"a/one": b"new", "a/.wh.two": b"", "b/x/new": b"5", "b/.wh..wh..opq": b""}),
        wanted,
    )

    assert files == {"a/one": b"new", "b/x/new": b"5", "c": b"4"}


def test_a_whiteout_takes_a_whole_directory() -> None:
    """Deleting a directory deletes what is below it, and nothing beside it."""
    files = {"a/one": b"", "ab/two": b""}
    oci.overlay(files, layer({".wh.a": b""}), lambda name: True)

    assert files == {"ab/two": b""}


def test_what_lies_above_a_base_is_told_by_its_digests() -> None:
    """A base that is not the lowest part leaves every layer ours."""
    rows = [Descriptor("t", name, 1) for name in ("a", "b", "c")]

    assert [row.digest for row in oci.above(rows, ("a", "b"))] == ["c"]
    assert oci.above(rows, ()) == rows
    assert oci.above(rows, ("b",)) == rows
    assert oci.above(rows, ("a", "b", "c", "d")) == rows


def test_a_file_takes_the_place_of_a_directory() -> None:
    """An empty file where a lower layer had a directory hides all that was in it."""
    files = {"lib/pip/METADATA": b"old", "lib/pipx/METADATA": b"other"}
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("lib/pip"))
    stream.seek(0)

    with tarfile.open(fileobj=stream) as tar:
        oci.overlay(files, tar, lambda name: name.endswith("METADATA"))

    assert files == {"lib/pipx/METADATA": b"other"}


def test_documents_are_written_to_the_byte() -> None:
    """Their digest is their name: keys sorted, no space, the types of the specification."""
    subject = Descriptor(oci.INDEX, DIGEST, 7)
    blob = Descriptor("application/x", DIGEST, 9)
    empty = {"mediaType": oci.EMPTY_TYPE, "digest": oci.sha256(b"{}"), "size": 2}
    wanted = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": "application/y",
        "config": empty,
        "layers": [{"mediaType": "application/x", "digest": DIGEST, "size": 9}],
        "subject": {"mediaType": oci.INDEX, "digest": DIGEST, "size": 7},
        "annotations": {"b": "2", "a": "1"},
    }
    made = oci.artifact("application/y", subject, [blob], {"b": "2", "a": "1"})

    assert made == Manifest(oci.MANIFEST, canonical(wanted))
    assert made.descriptor == Descriptor(
        oci.MANIFEST, oci.sha256(made.content), len(made.content), artifact_type="application/y"
    )


def test_an_index_is_written_to_the_byte() -> None:
    """Each entry as a manifest would write it."""
    entry = {
        "mediaType": oci.MANIFEST,
        "digest": DIGEST,
        "size": 5,
        "artifactType": "application/x",
    }
    wanted = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [entry],
    }
    rows = [Descriptor(oci.MANIFEST, DIGEST, 5, artifact_type="application/x")]

    assert oci.index_of(rows) == Manifest(oci.INDEX, canonical(wanted))


def canonical(document: object) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def test_the_config_names_its_layers() -> None:
    """By their diff ids, the lowest first."""
    document = {"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": ["x", "y"]}}

    assert oci.image_config(json.dumps(document).encode()).diff_ids == ("x", "y")


def test_a_name_with_a_slash_at_its_start_is_that_of_the_root() -> None:
    """Some tools write it so; letters that look like it are kept."""
    files: dict[str, bytes] = {}
    oci.overlay(files, layer({"/etc/a": b"1", "./X/b/": b"2"}), wanted)

    assert files == {"etc/a": b"1", "X/b": b"2"}


def test_the_index_of_an_image_is_the_one_that_buildkit_writes() -> None:
    """Byte for byte, as BuildKit 0.12 pushed it: indented, sorted, escaped for HTML."""
    rows = [
        Descriptor(oci.MANIFEST, DIGEST, 1620, "linux/amd64"),
        Descriptor(oci.MANIFEST, DIGEST, 669, "linux/arm64"),
    ]

    made = oci.image_index(rows, {"b": "1 < 2 & é", "a": "z"})

    def child(size: int, machine: str) -> str:
        return f"""    {{
      "mediaType": "{oci.MANIFEST}",
      "digest": "{DIGEST}",
      "size": {size},
      "platform": {{
        "architecture": "{machine}",
        "os": "linux"
      }}
    }}"""

    assert made.content.decode() == f"""{{
  "schemaVersion": 2,
  "mediaType": "{oci.INDEX}",
  "manifests": [
{child(1620, "amd64")},
{child(669, "arm64")}
  ],
  "annotations": {{
    "a": "z",
    "b": "1 \\u003c 2 \\u0026 é"
  }}
}}"""
    assert "annotations" not in oci.image_index(rows, {}).document


def test_a_loose_artifact_is_one_without_a_subject() -> None:
    """All else is as where it hangs on something."""
    subject = oci.Descriptor(oci.INDEX, "sha256:" + "1" * 64, 5)
    blob = oci.Descriptor("text/plain", "sha256:" + "2" * 64, 4)
    hanging = oci.artifact("application/y", subject, [blob], {"a": "1"})
    loose = oci.standalone_artifact("application/y", [blob], {"a": "1"})

    assert loose.media_type == oci.MANIFEST
    assert loose.document == {k: v for k, v in hanging.document.items() if k != "subject"}
    assert loose.document["artifactType"] == "application/y"


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": "3"},
        {"size": True},
        {"size": 3.0},
        {"size": None},
        {"mediaType": 1},
        {"artifactType": ["x"]},
        {"digest": "../../v2/other/manifests/latest"},
        {"digest": "sha256:a/../../b"},
        {"digest": "latest"},
        {"digest": ["sha256:a"]},
        {"platform": {"os": "linux"}},
        {"platform": "linux/amd64"},
    ],
    ids=str,
)
def test_a_descriptor_of_other_types_is_nothing_to_judge(wrong: dict[str, object]) -> None:
    """A digest becomes a part of an address, and a size bounds what is read."""
    with pytest.raises(
        NothingToJudgeError, match="A descriptor in an index is incomplete or invalid"
    ):
        oci.entries(manifest({"manifests": [row(**wrong)]}, oci.INDEX))


@pytest.mark.parametrize(
    ("machine", "variant", "name"),
    [
        ("arm64", "v8", "linux/arm64"),
        ("arm64", "v9", "linux/arm64/v9"),
        ("amd64", "v1", "linux/amd64"),
        ("amd64", "v3", "linux/amd64/v3"),
        ("arm", "v7", "linux/arm/v7"),
    ],
)
def test_a_variant_is_a_platform_of_its_own(machine: str, variant: str, name: str) -> None:
    """But for the one that a machine is by itself."""
    platform = {"os": "linux", "architecture": machine, "variant": variant}
    (found,) = oci.entries(manifest({"manifests": [row(platform=platform)]}, oci.INDEX))

    assert found.platform == name


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"[" * 100_000, "it is nested more than 32 levels deep"),
        (b'{"layers": [], "layers": [1]}', "the key 'layers' appears twice"),
        (b'{"a": NaN}', "NaN is not valid JSON"),
        (
            b" " * (oci.DOCUMENT + 1),
            f"it has {oci.DOCUMENT + 1} bytes; the limit is {oci.DOCUMENT}",
        ),
    ],
    ids=["deep", "twice", "NaN", "large"],
)
def test_a_document_is_bounded(raw: bytes, why: str) -> None:
    """In size and depth, and every key is there once."""
    with pytest.raises(NothingToJudgeError) as caught:
        oci.parse(raw, "x")

    assert caught.value.why == why


@pytest.mark.parametrize("config", [["x"], {"Labels": {"a": 1}}, {"Labels": ["a"]}], ids=str)
def test_a_config_of_other_types_is_nothing_to_judge(config: object) -> None:
    """Labels are texts."""
    document = {"os": "linux", "architecture": "amd64", "config": config}
    with pytest.raises(NothingToJudgeError, match="configuration of an image"):
        oci.image_config(json.dumps(document).encode())
