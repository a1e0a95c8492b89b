"""The size of the first image of a project becomes a baseline, if it is beyond the limit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import TableRunner
from tests.registry_server import Store, push_image
from tests.releases import SOURCE, START, labels, workspace_at
from towpath.config.baseline import Baseline, Section, read_baseline
from towpath.config.workspace import Workspace
from towpath.evidence.advisory_sources import AdvisorySource
from towpath.gates import Status
from towpath.images import build as builds
from towpath.images.build import Built
from towpath.pipeline import first_image
from towpath.scanning import scan
from towpath.scanning.result import Scan, Sizes
from towpath.scanning.sbom import SbomCounts
from towpath.source.snapshot import SourceSnapshot

pytestmark = pytest.mark.door
FILE = "towpath-baseline.json"
LATER = replace(SOURCE, tree="9" * 40, dirty=True)


class Builder:
    """Builds images of one size, and remembers of which trees."""

    def __init__(self, megabytes: int) -> None:
        self.size = megabytes * 10**6
        self.trees: list[str] = []

    def __call__(
        self, _workspace: Workspace, source: SourceSnapshot, **_options: Any
    ) -> dict[str, Built]:
        self.trees.append(source.tree)
        sizes = {"linux/amd64": self.size}
        return {"production": Built("sha256:1", "1", tuple(sizes), sizes, (), 1.0, sizes)}


@pytest.fixture
def workspace(tmp_path: Path, store: Store) -> Workspace:
    found = workspace_at(tmp_path, store, TableRunner({}))
    return replace(found, config=replace(found.config, baseline_file=FILE))


def _build(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, megabytes: int
) -> tuple[list[str], Workspace]:
    builder = Builder(megabytes)
    monkeypatch.setattr(builds, "build_all", builder)
    monkeypatch.setattr(first_image.sources, "read_source", lambda _: LATER)
    now, _, _ = first_image.build_all(workspace, SOURCE, platforms=("linux/amd64",))
    return builder.trees, now


def test_a_first_image_beyond_the_limit_is_recorded_and_built_again(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The image that is scanned has the file of the baseline in its source."""
    trees, now = _build(workspace, monkeypatch, 67)

    assert trees == [SOURCE.tree, LATER.tree]
    assert now.config.limits["IMAGE_SIZE"] == 70
    text = (workspace.config.root / FILE).read_text()
    assert read_baseline(text).of("scan") == Section(size=70)


@pytest.mark.parametrize("case", ["fits", "promoted", "recorded", "in CI", "no baseline"])
def test_no_other_image_is_recorded(
    workspace: Workspace, store: Store, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    """One that meets the limit, and one that is larger than an image that met it."""
    config = workspace.config
    if case == "promoted":
        push_image(store.client(), labels(), tag="test")
    elif case == "recorded":
        config = replace(config, baseline=Baseline({"scan": Section(size=65)}))
    elif case == "in CI":
        config = replace(config, env={**config.env, "CI": "true"})
    elif case == "no baseline":
        config = replace(config, baseline_file="")

    trees, _ = _build(replace(workspace, config=config), monkeypatch, 60 if case == "fits" else 67)

    assert trees == [SOURCE.tree]
    assert not (config.root / FILE).exists()


@pytest.mark.parametrize(("megabytes", "status"), [(69, Status.PASSED), (71, Status.FAILED)])
def test_a_scan_judges_by_the_baseline_and_shows_it(
    workspace: Workspace, megabytes: int, status: Status
) -> None:
    """Not worse passes, with the distance to the standard; a high advisory still fails."""
    config = replace(workspace.config, baseline=Baseline({"scan": Section(size=70)}))
    sizes = {"linux/amd64": megabytes * 10**6}
    listed = SbomCounts({"linux/amd64": 1})
    found = Scan(
        "sha256:" + "1" * 64,
        (),
        (AdvisorySource("a", "https://example.invalid", "https", 0),),
        (),
        Sizes(sizes, sizes, {}),
        listed,
    )

    statement = scan.record(replace(workspace, config=config), found, started=START)

    assert statement.status is status
    (row,) = [row for row in statement.verdicts if row["gate"] == "IMAGE_SIZE"]
    assert f"baseline: 70 MB, today: {megabytes}.0 MB, standard: 60 MB" in str(row["reason"])
