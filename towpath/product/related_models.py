"""Render one model of a migration state, with the models that it cannot be described without.

Runs inside the container of a release, as a part of `migrate.py`. Django renders every model of a
project, and all that are related after each operation, so that a plan of hundreds of migrations
takes as many seconds for each: what describes a column needs the model, what its relations point
to, and what points to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Key = tuple[str, str]


def render(state: Any, key: Key) -> Any:
    """Return a model as it stands in `state`, which stays as it is; None where it has none."""
    if key not in state.models:
        return None
    from django.db.migrations.state import StateApps

    wanted = [key, *_targets(state, key, all_fields=True), *_pointing(state, key)]
    found: dict[Key, Any] = {}
    outside = False
    while wanted:
        name = wanted.pop()
        if name in found:
            continue
        if name not in state.models:
            # A model of an app without migrations, or one that is not there any more.
            outside = True
            continue
        found[name] = state.models[name]
        wanted += _targets(state, name, all_fields=False)
    apps = StateApps(list(state.real_apps) if outside else [], {})
    # What further models point to is left open: nobody asks for it.
    apps.render_multiple(list(found.values()))
    return apps.get_model(*key)


def _targets(state: Any, key: Key, *, all_fields: bool) -> Iterator[Key]:
    """Yield the bases of a model and what its relations point to.

    Without `all_fields` only of those that make its own key, or that a key of another may be.
    """
    model = state.models.get(key)
    if model is None:
        return
    for base in model.bases:
        if isinstance(base, str):
            yield _key(base, key)
    for field in model.fields.values():
        if field.remote_field and (all_fields or field.primary_key or field.unique):
            yield from _of_field(field, key)


def _of_field(field: Any, key: Key) -> Iterator[Key]:
    for target in (field.remote_field.model, getattr(field.remote_field, "through", None)):
        if target:
            yield _key(target, key)


def _pointing(state: Any, key: Key) -> Iterator[Key]:
    """Yield the models with a relation to a model, and those that join them."""
    for other, model in state.models.items():
        for field in model.fields.values():
            if field.remote_field and key in (found := tuple(_of_field(field, other))):
                yield other
                yield from found


def _key(name: Any, key: Key) -> Key:
    """Return the key of a model that another one, with `key`, names."""
    from django.db.migrations.utils import resolve_relation

    app, model = resolve_relation(name, *key)
    return app, model
