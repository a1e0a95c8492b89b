"""Run it: `python -m benchmarks.tasks [--image=REPOSITORY@DIGEST] [--tasks=1000] [--port=8099]`.

It deploys this repository's dashboard ten times to an environment of its own, good releases and bad
ones in turns, while reports are handed in by its API, and counts from the workers' own logs how
often each task was taken and done. Some tasks take longer than requests have to end.
"""

from __future__ import annotations

import argparse
import copy
import http.client
import json
import sys
import tempfile
import threading
import time
import tomllib
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.tasks.witness import Witness
from benchmarks.timing import Goal, Times, answered, ended
from tests.app.reports import report
from towpath.config import parse
from towpath.config.workspace import Workspace
from towpath.core.errors import CommandFailedError, DeploymentUndoneError
from towpath.core.runner import Runner
from towpath.deployment import deploy
from towpath.environments import secrets, services
from towpath.environments.environment import Site
from towpath.tasks.context import workspace

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = "staging"
BEAT = {
    "command": "celery -A config beat --schedule=/tmp/schedule --pidfile=",
    "single": True,
    "stop": 10,
}
# A task takes this long; one whose branch begins so takes longer than requests have to end.
SLOW = """
CREATE OR REPLACE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
PERFORM pg_sleep(CASE WHEN NEW.branch LIKE 'long-%' THEN {long} ELSE {short} END);
RETURN NEW; END $$;
CREATE OR REPLACE TRIGGER slow BEFORE INSERT ON releases_run FOR EACH ROW EXECUTE FUNCTION slow();
"""


@dataclass
class Trial:
    """The environment, and two releases of it; `bad` is undone after the switch."""

    found: Workspace
    site: Site
    digests: dict[str, str] = field(default_factory=dict)
    # Reports handed in again, each of which may have put a second task into the queue.
    repeated: int = 0

    def build(self, image: str) -> None:
        """Push releases that differ by a label, and one whose web processes answer 500."""
        recipes = {
            "one": "",
            "two": "",
            "bad": f"COPY --chmod=644 broken.py {self._views(image)}/views.py\n"
            f"RUN rm -f {self._views(image)}/__pycache__/views.*\n",
        }
        for name, more in recipes.items():
            with tempfile.TemporaryDirectory() as directory:
                Path(directory, "broken.py").write_text(BROKEN, encoding="utf-8")
                text = f"FROM {image}\nUSER 0\n{more}LABEL trial={name}\nUSER 10001:10001\n"
                Path(directory, "Dockerfile").write_text(text, encoding="utf-8")
                self.digests[name] = self._push(name, Path(directory))

    def _push(self, name: str, directory: Path) -> str:
        metadata = directory / "metadata.json"
        self.found.runner.run(
            [
                *("docker", "buildx", "build", "--push", "--provenance=false"),
                f"--tag={self.found.config.images.tagged(f'trial-{name}')}",
                f"--metadata-file={metadata}",
                str(directory),
            ]
        )
        digest: str = json.loads(metadata.read_text())["containerimage.digest"]
        return digest

    def _views(self, image: str) -> str:
        """Return the directory of the dashboard's pages in its image."""
        script = "import releases, os; print(os.path.dirname(releases.__file__))"
        argv = ["docker", "run", "--rm", "--entrypoint=python", image, "-c", script]
        return self.found.runner.run(argv).stdout.strip()

    def deploy(self, name: str) -> None:
        """Deploy one release; the bad one is undone."""
        try:
            deploy.deploy(self.found, self.site.environment, self.digests[name], name)
        except DeploymentUndoneError:
            if name != "bad":
                raise

    def execute(self, sql: str) -> str:
        """Run SQL as the superuser of the database."""
        (database,) = self.site.containers("database")
        argv = ["psql", "--username=dashboard", "--dbname=dashboard", "--tuples-only", "-c", sql]
        code, said = self.site.engine.execute(database, argv)
        if code:
            raise CommandFailedError("psql failed.", why=said)
        return said.strip()

    def hand_in(self, branch: str) -> str:
        """Hand a report in, again until it is accepted, as the pipeline does; return its run."""
        document = report(run=str(uuid.uuid4()), branch=branch)
        token = secrets.values(self.site.state)["ingest_token"]
        head = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        port, body = self.site.environment.port, json.dumps(document)
        while ask(port, "POST", "/api/runs/", body, head) not in (200, 202):
            self.repeated += 1
            time.sleep(0.2)
        return str(document["run"])


BROKEN = """
from django.http import HttpResponse


def __getattr__(name):
    return lambda *args, **words: HttpResponse("broken", status=500)
"""


def open_trial(port: int, directory: Path) -> Trial:
    """Return an environment with the dashboard's own settings, and a beat besides."""
    found = workspace(engine=True)
    tables = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["towpath"]
    table = {key: copy.deepcopy(tables[key]) for key in ("processes", "services", "env")}
    table["processes"]["beat"] = BEAT
    place = {"port": port, "bake": 3, "health": "/health/live", "smoke": ["/health/ready"]}
    config = parse(
        table
        | {
            "name": f"tasks-{port}",
            "repository": f"{found.config.repository}-trial",
            "environments": {ENVIRONMENT: place},
        },
        directory,
        {**found.config.env, "TOWPATH_STATE": str(directory / "state")},
    )
    runner = Runner(found.terminal, env=config.env, cwd=directory)
    own = Workspace(config, runner, found.terminal)
    return Trial(own, Site.open(own, config.environment(ENVIRONMENT)))


@contextmanager
def reports(trial: Trial, count: int, pause: float) -> Iterator[list[str]]:
    """Hand in so many reports meanwhile, and wait until all of them are."""
    runs: list[str] = []

    def go_on() -> None:
        while len(runs) < count:
            runs.append(trial.hand_in("main"))
            time.sleep(pause)

    def look(end: threading.Event) -> None:
        # Somebody looks at the front page, which is what a bad release breaks.
        while not end.wait(0.1):
            ask(trial.site.environment.port, "GET", "/")

    end = threading.Event()
    looking = threading.Thread(target=look, args=(end,))
    handing_in = threading.Thread(target=go_on)
    for thread in (looking, handing_in):
        thread.start()
    try:
        yield runs
    finally:
        end.set()
        for thread in (looking, handing_in):
            thread.join()


def ask(port: int, *request: Any) -> int:
    """Send a request to the environment; return the status, 0 for none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
    try:
        connection.request(*request)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def stored(trial: Trial) -> set[str]:
    """Return the runs that the database has."""
    return set(trial.execute("SELECT id FROM releases_run").split())


def measure(trial: Trial, flags: argparse.Namespace, times: Times) -> list[Goal]:
    """Deploy again and again under reports; return what has to hold."""
    trial.deploy("one")
    trial.execute(SLOW.format(long=flags.long, short=flags.short))
    witness = Witness(trial.found.config.env, trial.site.project_name)
    long: list[str] = []
    # The workers of now were started before anybody listened.
    for row in trial.site.containers("worker") + trial.site.containers("beat"):
        trial.found.runner.run(["docker", "restart", row.id])
    with reports(trial, flags.tasks, flags.pause) as runs:
        for number in range(flags.deployments):
            name = ("two", "one", "bad")[number % 3]
            if number < flags.long_tasks:
                long.append(trial.hand_in("long-task"))
            times.take(f"deploy {name}", partial(trial.deploy, name))
    asked = {*runs, *long}
    deadline = time.monotonic() + 300
    while stored(trial) != asked and time.monotonic() < deadline:
        time.sleep(1)
    there = stored(trial)
    for row in trial.site.containers("worker"):
        trial.site.engine.stop(row, 60)
    witness.end()
    again = max(0, witness.again - trial.repeated)
    twice = sum(count > 1 for count in witness.taken.values())
    trial.found.terminal.say(
        f"{len(asked)} tasks, {len(long)} of them of {flags.long} s; {len(there)} stored,"
        f" {witness.done.total()} done, {len(witness.taken)} taken, {twice} taken more than once,"
        f" {witness.again} done again, {witness.discarded} discarded; at most"
        f" {witness.most_beats} beats, longest time without one"
        f" {max(witness.gaps, default=0):.1f} s"
    )
    return [
        Goal("tasks lost", len(asked - there), "<=", 0),
        Goal("tasks not seen in a log", len(asked - set(witness.done)), "<=", 0),
        Goal("tasks taken more than once", twice, "<=", 0),
        Goal("tasks done again, without those handed in again", again, "<=", 0),
        Goal("tasks discarded", witness.discarded, "<=", 0),
        Goal("beats at the same time", witness.most_beats, "<=", 1),
    ]


def main(argv: Sequence[str]) -> int:
    """Measure, print and write; 1 where a goal was not held."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tasks", description=__doc__)
    parser.add_argument("--image", required=True, help="the dashboard's, by digest")
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--deployments", type=int, default=10)
    parser.add_argument("--long-tasks", type=int, default=3)
    parser.add_argument("--long", type=float, default=35)
    parser.add_argument("--short", type=float, default=0.1)
    parser.add_argument("--pause", type=float, default=0.2)
    parser.add_argument("--port", type=int, default=8099)
    flags = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="towpath-tasks-") as directory:
        trial = open_trial(flags.port, Path(directory))
        trial.build(flags.image)
        times = Times(trial.found.terminal)
        try:
            goals = measure(trial, flags, times)
        finally:
            services.services_down(trial.found, trial.site.environment, volumes=True)
    return ended("tasks", times, goals)


if __name__ == "__main__":
    sys.exit(answered(main))
