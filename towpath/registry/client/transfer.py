"""Content from one repository to another: only what is missing, in parallel, exact bytes.

A blob is taken over by name inside one registry (a mount) and sent between two. Tags are never
touched here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from towpath.core.errors import RegistryNotFoundError
from towpath.registry import oci_reader as oci
from towpath.registry.client.client import RegistryClient
from towpath.registry.client.uploads import UploadSessions, stream
from towpath.registry.oci_reader import Descriptor, Manifest

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

T = TypeVar("T")
R = TypeVar("R")

WORKERS = 6


class Content(NamedTuple):
    """What belongs to one digest: its manifests, the lower ones first, and all their blobs."""

    manifests: tuple[Manifest, ...]
    blobs: tuple[Descriptor, ...]

    @property
    def top(self) -> Manifest:
        """The manifest or index that the digest names."""
        return self.manifests[-1]


class TransferStats:
    """What a transfer did. Sizes are bytes."""

    def __init__(self) -> None:
        self.present = self.mounted = self.sent = self.bytes_sent = 0
        self._lock = threading.Lock()

    def count(self, present: int = 0, mounted: int = 0, sent: int = 0, bytes_sent: int = 0) -> None:
        """Add what one blob needed."""
        with self._lock:
            self.present += present
            self.mounted += mounted
            self.sent += sent
            self.bytes_sent += bytes_sent


def open_content(source: RegistryClient, digest: str) -> Content:
    """Read every manifest below a digest; raises RegistryNotFoundError for one that is not there.

    An index may list what is no image (an attestation): that is content too.
    """
    top = source.manifest(digest)
    if not top.is_index:
        return Content((top,), blobs_of([top]))
    below = parallel(lambda row: source.manifest(row.digest), oci.entries(top))
    return Content((*below, top), blobs_of(below))


def copy(
    source: RegistryClient, target: RegistryClient, content: Content, places: UploadSessions
) -> TransferStats:
    """Bring content to another repository, and see that it is there when this ends.

    Raises RegistryNotFoundError if the target said that it took something and does not have it.
    """
    moved, halt = TransferStats(), threading.Event()
    parallel(
        lambda row: _blob(source, target, row, places, moved, halt), content.blobs, stop=halt.set
    )
    # An index is refused by some registries until they hold what it lists.
    parallel(lambda below: _manifest(target, below), content.manifests[:-1], stop=halt.set)
    _manifest(target, content.top)
    return moved


def check(registry: RegistryClient, content: Content) -> None:
    """Raise RegistryNotFoundError unless a repository holds every blob of what it lists."""
    held = parallel(lambda row: registry.has_blob(row.digest), content.blobs)
    for row, there in zip(content.blobs, held, strict=True):
        if not there:
            raise RegistryNotFoundError(
                f"{registry.repository} does not have the blob {row.digest}.",
                why="The image was not pushed completely.",
                next_step="Build it again with `invoke build`; no tag was moved.",
            )


def attached(source: RegistryClient, content: Content) -> list[tuple[str, Manifest]]:
    """Return what is attached to content and its platforms, each with its subject."""
    subjects = [manifest.digest for manifest in content.manifests]
    lists = parallel(source.referrers, subjects)
    pairs = [(on, row) for on, rows in zip(subjects, lists, strict=True) for row in rows]
    return parallel(lambda pair: (pair[0], source.manifest(pair[1].digest)), pairs)


def parallel(
    act: Callable[[T], R], rows: Iterable[T], stop: Callable[[], None] = lambda: None
) -> list[R]:
    """Do it for each row, a few at a time, and return what came of each, in the rows' order.

    The first error, or Ctrl-C, is raised: nothing more begins after it, `stop` is called to tell
    what is under way, and that is waited for.
    """
    # Not before several things are copied: giving an image one more name in a registry needs none.
    from concurrent.futures import CancelledError, ThreadPoolExecutor, wait

    errors: list[BaseException] = []
    workers: list[threading.Thread] = []

    def attempt(row: T) -> R:
        if errors:
            raise CancelledError
        try:
            return act(row)
        except BaseException as error:
            errors.append(error)
            stop()
            raise

    pool = ThreadPoolExecutor(
        WORKERS, initializer=lambda: workers.append(threading.current_thread())
    )
    try:
        futures = [pool.submit(attempt, row) for row in rows]
        wait(futures)
    except BaseException as error:
        errors.append(error)
        stop()
    _end(pool, workers)
    if errors:
        raise errors[0]
    return [future.result() for future in futures]


def _end(pool: ThreadPoolExecutor, workers: Iterable[threading.Thread]) -> None:
    """Wait for what is under way, also where Ctrl-C is pressed again meanwhile.

    The pool itself forgets a thread during whose start Ctrl-C was pressed.
    """
    while True:
        try:
            pool.shutdown(cancel_futures=True)
            for worker in workers:
                worker.join()
        except KeyboardInterrupt:
            continue
        return


def blobs_of(manifests: Iterable[Manifest]) -> tuple[Descriptor, ...]:
    """Return what these manifests are made of, each once, the largest first.

    Raises NothingToJudgeError for a document that is not as expected.
    """
    return once(row for one in manifests for row in (oci.config_of(one), *oci.layers(one)))


def once(rows: Iterable[Descriptor]) -> tuple[Descriptor, ...]:
    """Return each of these once, the largest first: what takes longest has to begin first."""
    found = {row.digest: row for row in rows}
    return tuple(sorted(found.values(), key=lambda row: -row.size))


def _manifest(target: RegistryClient, manifest: Manifest) -> None:
    if not target.has_manifest(manifest.digest, to_push=True):
        target.put_manifest(manifest.digest, manifest)


def _blob(
    source: RegistryClient,
    target: RegistryClient,
    row: Descriptor,
    places: UploadSessions,
    moved: TransferStats,
    halt: threading.Event,
) -> None:
    if target.has_blob(row.digest, to_push=True):
        moved.count(present=1)
        return
    same = source.repository.registry == target.repository.registry
    if same and target.mount(row.digest, source.repository.name):
        moved.count(mounted=1)
    else:
        with source.reading(row.digest, halt) as reading:
            size = stream(target, row.digest, row.size, reading, places)
        moved.count(sent=1, bytes_sent=size)
    target.awaiting(lambda: _require_blob(target, row.digest))


def _require_blob(target: RegistryClient, digest: str) -> None:
    if not target.has_blob(digest):
        raise RegistryNotFoundError(
            f"{target.repository} accepted the blob {digest} but does not have it.",
            next_step="Look at the registry's log and its disk; no tag was moved.",
        )
