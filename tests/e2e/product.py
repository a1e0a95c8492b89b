"""The test product in an environment of its own, for every file that deploys it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.e2e import trial as trials
from tests.e2e.trial import ROOT, Trial
from towpath.deployment import deploy
from towpath.environments import services as stack


@dataclass(frozen=True)
class Product:
    """The environment, and the digest of each release of the test product by its version."""

    trial: Trial
    digests: dict[str, str]

    def deploy(self, version: str) -> deploy.Deployed:
        """Deploy one release."""
        trial = self.trial
        return deploy.deploy(trial.workspace, trial.environment, self.digests[version], version)

    @property
    def serves(self) -> str:
        """The one version that serves, by the proxy, the engine and the history alike."""
        code, body = self.trial.get()
        found = self.trial.site.containers("web")
        assert code == 200
        assert {row.version for row in found} == {body["version"]}
        assert len(found) == self.trial.environment.replicas
        assert [row.version for row in self.trial.site.containers("worker")] == [body["version"]]
        assert self.trial.site.history.releases()[-1]["version"] == body["version"]
        return str(body["version"])

    @property
    def other(self) -> str:
        """A good release that does not serve."""
        return "first" if self.serves == "second" else "second"


# Only one test brings "wider", and with it a migration that the others do not have.
RELEASES = {
    "first": ("good", "first"),
    "second": ("good", "first"),
    "wider": ("good", "wider"),
    "narrower": ("good", "narrower"),
    "silent": ("silent", "first"),
    "crashing": ("crashing", "first"),
    "failing": ("failing", "first"),
    "slow": ("slow", "first"),
}


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Build every release, deploy the first one, and take all away in the end."""
    made = trials.make(
        tmp_path_factory.mktemp("trial") / "project",
        bake=1,
        drain=10,
        healthy=2,
        deadline=12,
    )
    context = tmp_path_factory.mktemp("image")
    trials.lay_out(made.workspace, context)
    digests = {
        version: trials.build(made.workspace, context, version, *manners)
        for version, manners in RELEASES.items()
    }
    found = Product(made, digests)
    try:
        found.deploy("first")
        yield found
    finally:
        stack.services_down(made.workspace, made.environment, volumes=True)


def start(product: Product, version: str, step: str, phase: str) -> subprocess.Popen[str]:
    """Start a deployment in a process of its own, which dies at an entry of the journal, if any."""
    trial = product.trial
    words = [str(trial.root), str(trial.port), json.dumps(dict(trial.settings))]
    words += [product.digests[version], version, step, phase]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.trial", *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
