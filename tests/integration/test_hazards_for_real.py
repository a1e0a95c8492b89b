"""Each judged change done on a real PostgreSQL: what is said beside what is so.

A change is a danger in truth if rows are read through while nobody can write, or if a statement of
the release before it, which went well before, does not any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.migrations.state import ProjectState
from django.db.utils import DatabaseError

from tests import hazards

pytestmark = [
    pytest.mark.integration,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("needs_database"),
]
# Locks under which nobody can write.
BLOCKING = ("ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock")
TABLES = ("shop_author", "shop_land", "shop_book", "shop_part", "shop_loner")


@pytest.fixture
def shop() -> Iterator[ProjectState]:
    """Make the tables of the old release with some rows; yields its models."""
    state = ProjectState()
    with connection.schema_editor() as editor:
        for operation in hazards.base():
            before = state.clone()
            operation.state_forwards(hazards.APP, state)
            operation.database_forwards(hazards.APP, editor, before, state)
    _fill(state)
    yield state
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT quote_ident(tablename) FROM pg_tables WHERE tablename LIKE 'shop%%' "
            "OR tablename = 'other'"
        )
        names = ", ".join(name for (name,) in cursor.fetchall())
        cursor.execute(f"DROP TABLE {names} CASCADE")


def _models(state: ProjectState) -> Callable[[str], Any]:
    return lambda name: state.apps.get_model(hazards.APP, name)


def _fill(state: ProjectState) -> None:
    """Write rows that every change can be applied to."""
    model = _models(state)
    author = model("Author").objects.create(name="one")
    model("Loner").objects.create()
    for number in range(3):
        book = model("Book").objects.create(
            title=f"title {number}",
            slug=f"s{number}",
            note="n",
            number=number,
            price=number,
            author=author,
            editor=author,
            loose=author,
        )
        book.tags.add(author)
        model("Part").objects.create(book=book, author=author)


def _old_release(state: ProjectState) -> dict[str, Callable[[], Any]]:
    """Return what the release before the change does all day."""
    model = _models(state)
    book, author = model("Book"), model("Author")

    def write(slug: str) -> None:
        book.objects.create(
            title="t" * 100, slug=slug, number=-1, price="9999.99", editor_id=1, loose_id=None
        )

    return {
        "insert": lambda: write("a"),
        "insert another": lambda: write("b"),
        "leave out a note": lambda: book.objects.update(note=None),
        "write below zero": lambda: book.objects.filter(slug="a").update(pages=-1),
        "point nowhere": lambda: book.objects.filter(slug="a").update(loose_id=99),
        "read": lambda: list(book.objects.all()),
        "read parts": lambda: list(model("Part").objects.all()),
        "read loners": lambda: list(model("Loner").objects.all()),
        "read tags": lambda: [list(row.tags.all()) for row in book.objects.all()],
        "write a loner": lambda: model("Loner").objects.create(),
        "write an author": lambda: author.objects.create(name="another"),
    }


def _trouble(state: ProjectState) -> list[str]:
    """Return which of the old release's statements fail now."""
    failed = []
    for name, act in _old_release(state).items():
        try:
            with transaction.atomic():
                act()
        except DatabaseError:
            failed.append(name)
    return failed


def _scans() -> dict[str, int]:
    """Return how often each table was read through in this transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, pg_stat_get_xact_numscans(oid) FROM pg_class WHERE relname = ANY(%s)",
            [list(TABLES)],
        )
        return dict(cursor.fetchall())


def _blocked() -> set[str]:
    """Return the tables that nobody else can write to now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relation::regclass::text FROM pg_locks WHERE pid = pg_backend_pid() "
            "AND locktype = 'relation' AND mode = ANY(%s)",
            [list(BLOCKING)],
        )
        return {name for (name,) in cursor.fetchall()}


def _apply(operation: Any, before: ProjectState) -> list[str]:
    """Do a change; return the tables that were read through while nobody could write to them."""
    after = before.clone()
    operation.state_forwards(hazards.APP, after)
    # Both are rendered before: nothing of it is asked of the database.
    before.apps.get_models()
    after.apps.get_models()
    with transaction.atomic():
        earlier = _scans()
        with connection.schema_editor() as editor:
            operation.database_forwards(hazards.APP, editor, before.clone(), after)
        blocked, now = _blocked(), _scans()
    return [name for name in now if name in blocked and now[name] > earlier[name]]


def test_the_old_release_works_before_any_change(shop: ProjectState) -> None:
    """What fails after a change fails by it."""
    assert _trouble(shop) == []


@pytest.mark.parametrize("name", hazards.CASES)
def test_what_is_said_of_a_change_is_so(name: str, shop: ProjectState) -> None:
    """A hazard is told where one is, and none where there is none."""
    operation, codes = hazards.CASES[name]
    old = shop.clone()

    found = {"read through": _apply(operation, shop), "failed": _trouble(old)}

    assert bool(found["read through"] or found["failed"]) == bool(codes), found
