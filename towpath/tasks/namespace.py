"""The task names: which task is in which namespace. A project's `tasks.py` imports all of it."""

from __future__ import annotations

from types import ModuleType

from invoke.collection import Collection

from towpath.tasks import (
    ci,
    debug,
    deploy,
    engine,
    evidence,
    gates,
    images,
    migrations,
    monitor,
    monitoring,
    notify,
    parse_errors,
    pipeline,
    proxy,
    registry,
    report,
    services,
    tls,
)

# The tasks of these stand at the top, those of the others below the name of their module.
TOP = (pipeline, images, deploy, proxy, notify, monitor)
SPACES = (
    services,
    migrations,
    registry,
    gates,
    evidence,
    report,
    engine,
    ci,
    debug,
    monitoring,
    tls,
)


def collection() -> Collection:
    """Return the collection of all tasks."""
    parse_errors.explain()
    root = Collection()
    for module in TOP:
        for task in _space(module).tasks.values():
            root.add_task(task)
    for module in SPACES:
        root.add_collection(_space(module))
    return root


def _space(module: ModuleType) -> Collection:
    found = Collection.from_module(module)
    found.name = module.__name__.rpartition(".")[2]
    return found
