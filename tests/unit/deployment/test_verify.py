"""Verification compares what answers, and what runs, with what should."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.deployment.world import FIRST, SECOND, World, site_of
from towpath.core.http import PageText
from towpath.deployment import deploy, verify
from towpath.environments.environment import Site

PAGES = {"health": "/up", "smoke": ["/", {"path": "/login", "status": 200, "text": "Log in"}]}


@pytest.fixture
def world() -> World:
    """Nothing runs yet."""
    return World()


@pytest.fixture
def served(world: World, tmp_path: Path) -> Site:
    """An environment that serves 1.0."""
    site = site_of(world, tmp_path)
    deploy.carry_out(site, "deploy", FIRST, "1.0")
    return site


def facts(site: Site, digest: str = FIRST, version: str = "1.0", **said: PageText) -> str:
    """Verify a release where the proxy answers so, by the last part of a path; return problems."""
    fine = PageText(200, "Log in")
    found = verify.inspect(
        site, digest, version, lambda url, _: said.get(url.rpartition("/")[2] or "root", fine)
    )
    assert found["mismatches"] == len(found["problems"])
    return "; ".join(found["problems"])


def with_pages(site: Site) -> Site:
    """Return the site with a path of health and a page that has a text."""
    place = site_of(World(), site.workspace.config.root, **PAGES).environment
    return replace(site, environment=place)


def test_a_release_that_answers_and_runs_has_no_mismatch(served: Site) -> None:
    """Any page below 500 will do where nothing is set."""
    assert facts(served) == ""
    assert facts(served, root=PageText(404)) == ""


def test_a_page_that_answers_500_is_a_mismatch(served: Site) -> None:
    """Green never means that every page is an error."""
    assert facts(served, root=PageText(500)) == "/ answers 500"


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"up": PageText(404)}, "/up answers 404, not 200"),
        ({"login": PageText(302)}, "/login answers 302, not 200"),
        ({"login": PageText(200, "no")}, "/login answers 200, and does not contain 'Log in'"),
        ({"root": PageText(0, problem="ConnectionError")}, "/ does not answer: ConnectionError"),
    ],
)
def test_each_page_is_asked_through_the_proxy(
    served: Site, said: dict[str, PageText], problem: str
) -> None:
    """Its status and its text are what the settings say."""
    assert facts(with_pages(served), **said).startswith(problem)


def test_what_the_engine_runs_counts(served: Site) -> None:
    """An answer may be cached or made up; the labels of a container and its image are not."""
    assert "web-5 runs" in facts(served, digest=SECOND)
    assert "web-5 has the version '1.0', not '0.9'" in facts(served, version="0.9")


def test_the_container_itself_is_asked(served: Site, world: World) -> None:
    """A proxy that answers by itself does not hide a container that is ill."""
    world.sick.add(FIRST)

    assert "web-5: / answers 503: not ready" in facts(served)


def test_without_a_container_behind_the_proxy_nothing_serves(served: Site, world: World) -> None:
    """What answered instead is no release of ours."""
    world.slots.clear()
    world.slots += [type(world)().slots[0]]

    assert "containers behind the proxy 0, not 1" in facts(served)
