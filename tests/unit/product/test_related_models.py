"""A model is rendered with what its columns are described by, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import migrations, models
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.migrations.state import ProjectState

from towpath.product import describing, related_models

OPTIONS: dict[str, Any] = {"NAME": "none", "OPTIONS": {}, "TIME_ZONE": None, "TEST": {}}


def _key(**options: Any) -> tuple[str, Any]:
    return "id", models.BigAutoField(primary_key=True, **options)


def _to(model: str, **options: Any) -> Any:
    return models.ForeignKey(model, models.CASCADE, **options)


def _state() -> ProjectState:
    """Return a project whose models are all related by some way."""
    state = ProjectState()
    code = ("code", models.CharField(max_length=7, unique=True))
    for operation in (
        migrations.CreateModel("Country", [_key(), code]),
        migrations.CreateModel("Person", [_key(), ("country", _to("shop.Country"))]),
        migrations.CreateModel(
            "Author",
            [
                ("person", models.OneToOneField("shop.Person", models.CASCADE, primary_key=True)),
                ("home", _to("shop.Country", to_field="code")),
            ],
        ),
        migrations.CreateModel(
            "Book",
            [
                _key(),
                ("author", _to("shop.Author")),
                ("sequel", _to("self", null=True)),
                ("fans", models.ManyToManyField("shop.Person", related_name="likes")),
                ("reviewers", models.ManyToManyField("shop.Author", through="shop.Review")),
            ],
        ),
        migrations.CreateModel(
            "Review", [_key(), ("book", _to("shop.Book")), ("by", _to("shop.Author"))]
        ),
        migrations.CreateModel(
            "Comic",
            [
                (
                    "book_ptr",
                    models.OneToOneField(
                        "shop.Book", models.CASCADE, parent_link=True, primary_key=True
                    ),
                ),
                ("colours", models.IntegerField()),
            ],
            bases=("shop.book",),
        ),
        migrations.CreateModel("Favourite", [], {"proxy": True}, ("shop.comic",)),
    ):
        operation.state_forwards("shop", state)
    return state


@pytest.mark.parametrize("name", [name for _, name in _state().models])
def test_columns_are_described_as_by_all_models_of_the_project(name: str) -> None:
    """Types, references, tables between models and what refers to a column are the same."""
    connection = DatabaseWrapper(OPTIONS, "default")
    alone, together = _state(), _state()

    found = related_models.render(alone, ("shop", name))
    expected = together.apps.get_model("shop", name)

    for meta in (found._meta, expected._meta):
        assert meta.model_name == name
    rows = [[*row._meta.local_fields, *row._meta.local_many_to_many] for row in (found, expected)]
    assert [describing._column(field, connection) for field in rows[0]] == [
        describing._column(field, connection) for field in rows[1]
    ]
    assert describing._tables(found, "RenameModel") == describing._tables(expected, "RenameModel")
    assert "apps" not in vars(alone)


def test_a_model_that_is_not_related_is_not_rendered() -> None:
    """So that a plan takes as long as its operations, not as their number times the models."""
    state = _state()
    for number in range(50):
        other = migrations.CreateModel(f"Other{number}", [_key(), ("book", _to("shop.Person"))])
        other.state_forwards("shop", state)

    found = related_models.render(state, ("shop", "country"))

    assert sorted(found._meta.apps.all_models["shop"]) == ["author", "country", "person"]


def test_a_model_that_is_not_there_is_none() -> None:
    """A relation to one is left open, as in a project that lost an app."""
    state = _state()
    lost = migrations.CreateModel("Lost", [_key(), ("x", _to("gone.Model"))])
    lost.state_forwards("shop", state)

    assert related_models.render(state, ("shop", "nobody")) is None
    assert related_models.render(state, ("shop", "lost"))._meta.model_name == "lost"


def test_a_new_table_is_not_rendered_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first deployment of a project makes all of its tables: only its models are rendered."""
    asked: list[tuple[str, str]] = []
    real = related_models.render

    def render(state: Any, key: tuple[str, str]) -> Any:
        asked.append(key)
        return real(state, key)

    monkeypatch.setattr(describing, "render", render)
    connection, created = DatabaseWrapper(OPTIONS, "default"), dict[tuple[str, str], bool]()
    state = ProjectState()
    for operation in (
        migrations.CreateModel("Book", [_key()]),
        migrations.AddField("Book", "title", models.TextField()),
        migrations.AlterField("Book", "title", models.TextField(null=True)),
        migrations.RenameModel("Book", "Novel"),
        migrations.RemoveField("Novel", "title"),
    ):
        (fact,) = describing.describe(operation, "shop", state, connection, created)
        assert fact["silent"] is False

    assert asked == [("shop", "book")]
    assert created == {("shop", "novel"): False}
