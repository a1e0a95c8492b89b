"""The way to an image in a registry, step by step, up to the first step that cannot go on."""

from __future__ import annotations

import shlex
import time
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from towpath.config.workspace import Workspace
from towpath.core.errors import (
    CommandFailedError,
    RegistryError,
    RegistryNotFoundError,
    RegistryRefusedError,
    RegistryUnauthorizedError,
    TowpathError,
)
from towpath.core.references import BUILT, Repository, digest, parse_reference, tag
from towpath.operations.debug import connection
from towpath.operations.health_rules import HealthCheck, Level
from towpath.operations.side_by_side import side_by_side
from towpath.registry import login, oci_reader
from towpath.registry.client import RegistryClient
from towpath.registry.client.headers import challenges
from towpath.registry.client.urls import shown
from towpath.registry.client.wires import Wires
from towpath.registry.oci_reader import Descriptor, Manifest

T = TypeVar("T")

# Seconds after which a step that has no answer is given up.
LONGEST = 20.0
WIDTH = len("referrers")
NO_TAGS = "It has no tags."
NO_API = "no referrers API, listed under a tag: "


class AskedOnce(RegistryClient):
    """A client that asks each question once: what a retry would hide is what is looked for."""

    def with_retry(self, act: Callable[[], T], when: object = None) -> T:
        """Do it once."""
        return act()


def place_of(workspace: Workspace, reference: str) -> tuple[Repository, str]:
    """Return the repository and the tag or digest to look at: of the project, where not complete.

    Raises ConfigurationError for what is no reference.
    """
    if "/" in reference:
        return parse_reference(reference)
    place = workspace.config.images
    if not reference:
        return place, BUILT
    return place, digest(reference) if ":" in reference else tag(reference)


def examine(workspace: Workspace, reference: str = "", seconds: float = LONGEST) -> None:
    """Write a line for each step, and end after the first that fails.

    Raises CommandFailedError for a step that cannot go on, and ConfigurationError.
    """
    place, name = place_of(workspace, reference)
    looking = RegistrySteps(place, name, workspace.config.env)
    workspace.terminal.say(f"{looking.client.name(name)}, step by step:")
    for subject, act in looking.steps().items():
        row = _timed(subject, act, seconds)
        workspace.terminal.data(row.line(WIDTH))
        if row.level is Level.ERROR:
            raise CommandFailedError(
                f"The step {subject} of {looking.client.name(name)} failed.",
                why=row.message,
                next_step=row.next_step,
            )


def _timed(subject: str, act: Callable[[], str], seconds: float) -> HealthCheck:
    started = time.monotonic()
    (row,) = side_by_side([partial(_tried, subject, act)], seconds)
    took = time.monotonic() - started
    if row is None:
        words = f"no answer within {seconds:g} s"
        return HealthCheck(subject, Level.ERROR, words, "Run it again; then ask who runs it.", took)
    return HealthCheck(subject, row.level, row.message, row.next_step, took)


def _tried(subject: str, act: Callable[[], str]) -> HealthCheck:
    try:
        return HealthCheck(subject, Level.OK, act())
    except TowpathError as error:
        words = f"{error.what} {error.why}".strip()
        return HealthCheck(subject, Level.ERROR, words, error.next_step)


class RegistrySteps:
    """What each step finds, for the next one."""

    def __init__(self, place: Repository, reference: str, env: Mapping[str, str]) -> None:
        self._place, self._reference, self._env = place, reference, env
        self.client = AskedOnce(place, env=env, own=login.own_login(place, env))
        self._way = connection.way(self.client.root, env)
        self._challenge = ""
        self._top = Manifest("", b"")
        self._images: list[Manifest] = []

    def steps(self) -> dict[str, Callable[[], str]]:
        """Return the steps in their order; each returns what it found, or raises TowpathError."""
        return {
            "DNS": lambda: connection.resolve(self._way),
            "TLS": lambda: connection.connect(self._way, self._env),
            "challenge": self._challenged,
            "login": self._logged_in,
            "manifest": self._manifest,
            "platforms": self._platforms,
            "blobs": self._blobs,
            "referrers": self._referrers,
        }

    def _challenged(self) -> str:
        """Ask the root without a login: how does the registry want to be asked?"""
        try:
            answer = Wires(self._env).send("GET", self.client.root, {}, b"")
        except OSError as error:
            raise RegistryError("The registry closed the connection.", why=str(error)) from error
        answer.close()
        self._challenge = answer.headers.get("www-authenticate", "")
        if answer.ok:
            return f"{answer.status}: none, its root is open to anybody"
        kinds = [
            (row.scheme.title(), row.parameters.get("realm", ""))
            for row in challenges(self._challenge)
        ]
        if answer.status != 401 or not kinds:
            raise RegistryError(
                f"{shown(self.client.root)} answered {answer.status}: it is not a registry.",
                why="A registry answers 200, or 401 and how to log in.",
                next_step=f"curl --verbose {self.client.root}",
            )
        return f"401: {', '.join(f'{scheme} {shown(realm)}' for scheme, realm in kinds)}"

    def _logged_in(self) -> str:
        """Answer the challenge with what this machine knows."""
        place = self._place.registry
        if not self._challenge:
            return "not wanted so far"
        try:
            self.client.ping(patient=False)
        except RegistryUnauthorizedError as error:
            raise self._refused(error) from error
        return f"{place} accepts {self._who()}"

    def _who(self) -> str:
        found = self.client.login
        if found is None or found.credentials is None:
            return "anybody"
        name = found.credentials.user or "a token"
        return f"{name!r} from {found.source}" if found.source else repr(name)

    def _refused(self, error: RegistryUnauthorizedError) -> RegistryUnauthorizedError:
        """Return the error of a login that is not taken: it names whose it is and where it is."""
        found, place = self.client.login, self._place.registry
        user = found.credentials.user if found and found.credentials else ""
        if found and found.credentials:
            what = f"{place} does not accept {self._who()}."
        else:
            what = f"{place} wants a login, and none for it is known here."
        step = f"invoke registry.login --registry={place} --user={shlex.quote(user or 'NAME')}"
        return RegistryUnauthorizedError(what, why=f"{error.what} {error.why}", next_step=step)

    def _manifest(self) -> str:
        name = self.client.name(self._reference)
        try:
            self._top = self.client.manifest(self._reference)
        except RegistryNotFoundError as error:
            tags = self._tags()
            step = "invoke registry.tags" if tags != NO_TAGS else "invoke build"
            raise RegistryNotFoundError(f"There is no {name}.", why=tags, next_step=step) from error
        except RegistryUnauthorizedError as error:
            refused = self._refused(error)
            refused.what = f"{self._who()} may not read {self._place}."
            raise refused from error
        kind = "index" if self._top.is_index else "one image"
        return f"{self._top.digest}, {kind}, {len(self._top.content)} bytes"

    def _tags(self) -> str:
        try:
            names = self.client.tags()
        except RegistryError as error:
            return f"Its tags cannot be listed: {error.what}"
        more = f" and {len(names) - 10} more" if len(names) > 10 else ""
        return f"Its tags are {', '.join(names[:10])}{more}." if names else NO_TAGS

    def _platforms(self) -> str:
        if not self._top.is_index:
            self._images = [self._top]
            config = oci_reader.config_of(self._top)
            return f"{oci_reader.image_config(self.client.content(config)).platform}, no index"
        rows = oci_reader.children(self._top)
        if not rows:
            raise RegistryError("The index lists no image.", next_step="invoke build")
        self._images = [self._child(row) for row in rows]
        return ", ".join(row.platform for row in rows)

    def _child(self, row: Descriptor) -> Manifest:
        try:
            return self.client.manifest(row.digest)
        except RegistryNotFoundError as error:
            raise RegistryNotFoundError(
                f"The image for {row.platform} is in the index and not in the registry.",
                why=error.what,
                next_step="invoke build",
            ) from error

    def _blobs(self) -> str:
        """Ask for every config and layer, of each of the platforms, by HEAD."""
        rows = [
            row
            for image in self._images
            for row in (oci_reader.config_of(image), *oci_reader.layers(image))
        ]
        sizes = {row.digest: row.size for row in rows}
        missing = [name for name in sizes if not self.client.has_blob(name)]
        if missing:
            raise RegistryNotFoundError(
                f"{len(missing)} of {len(sizes)} blobs are missing.",
                why=f"The first one is {missing[0]}.",
                next_step="invoke build",
            )
        return f"all {len(sizes)}, {sum(sizes.values()) / 1e6:.1f} MB"

    def _referrers(self) -> str:
        how = "" if self._has_api() else NO_API
        rows = self.client.referrers(self._top.digest)
        kinds = Counter(row.artifact_type or row.media_type for row in rows)
        words = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        return how + (words or "nothing is attached")

    def _has_api(self) -> bool:
        try:
            place = f"referrers/{self._top.digest}"
            self.client.once("GET", place, home_only=True).close()
        except (RegistryNotFoundError, RegistryRefusedError):
            return False
        return True
