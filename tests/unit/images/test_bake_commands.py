"""The definition and the command line for `buildx bake`, exactly."""

from __future__ import annotations

import csv
import json

from towpath.images import bake_commands as bake
from towpath.images.bake_commands import BakeTarget

LABELS = {
    "org.opencontainers.image.version": "1.2.3",
    "org.opencontainers.image.source": "",
    "dev.towpath.tree": "abc",
}
BOTH = ("linux/amd64", "linux/arm64")


def written(target: BakeTarget) -> dict[str, object]:
    """Return a target as its definition has it."""
    found: dict[str, object] = json.loads(bake.definition({"x": target}))["target"]["x"]
    return found


def test_the_line_leaves_attestations_out() -> None:
    """They would carry the time, and one commit would have a new digest each time."""
    argv = bake.bake(["production", "base-0"], definition_file="d", metadata_file="m")

    assert argv == [
        *("docker", "buildx", "bake", "--file=d", "--progress=plain"),
        *("--provenance=false", "--sbom=false", "--metadata-file=m", "production", "base-0"),
    ]


def test_builder_and_cache_are_named_where_wanted() -> None:
    """Flags that are not wanted are not there; the targets come last."""
    argv = bake.bake(
        ["x"], definition_file="d", metadata_file="m", builder="towpath", no_cache=True
    )

    assert argv[-3:] == ["--builder=towpath", "--no-cache", "x"]


def test_a_target_says_stage_platforms_and_secret() -> None:
    """A push for two platforms has the OCI labels as annotations of its index."""
    target = BakeTarget(
        "production", "r/n:building", BOTH, {"A": "1"}, LABELS, ca_file="/etc/ca.crt"
    )

    assert written(target) == {
        "context": ".",
        "target": "production",
        "platforms": list(BOTH),
        "args": {"A": "1"},
        "labels": LABELS,
        "secret": ["id=ca,src=/etc/ca.crt"],
        "output": [
            "type=image,push=,unpack=false,oci-mediatypes=true,name=r/n:building,"
            "annotation-index.org.opencontainers.image.version=1.2.3"
        ],
    }


def test_one_platform_has_no_index_to_annotate() -> None:
    """The annotations are on its manifest; without a push there are none."""
    one = BakeTarget("testing", "n", BOTH[:1], labels=LABELS)

    assert written(one)["output"] == [
        "type=image,push=,unpack=false,oci-mediatypes=true,name=n,"
        "annotation.org.opencontainers.image.version=1.2.3"
    ]
    kept = BakeTarget("testing", "n", BOTH[:1], labels=LABELS, push=False)
    assert written(kept)["output"] == ["type=docker,oci-mediatypes=true,name=n"]


def test_an_inline_dockerfile_has_no_stage() -> None:
    """The base is built from one line."""
    body = written(BakeTarget("", "n", BOTH, inline="FROM python:3.13-slim\n"))

    assert body["dockerfile-inline"] == "FROM python:3.13-slim\n"
    assert "target" not in body


def test_values_stay_what_they_are() -> None:
    """Commas and quotes survive the CSV of an output, `${` is no template of HCL."""
    value = 'a,"b" ${HOME} %{if}'
    body = written(BakeTarget("x", "n", BOTH, labels={"org.opencontainers.image.title": value}))

    assert body["labels"] == {"org.opencontainers.image.title": 'a,"b" $${HOME} %%{if}'}
    (output,) = body["output"]  # type: ignore[misc]
    (cells,) = csv.reader([output.replace("$${", "${").replace("%%{", "%{")])
    assert cells[-1] == f"annotation-index.org.opencontainers.image.title={value}"
