"""One change of a small bookshop's tables a row, with the hazards that it has to be judged to have.

The unit tests judge each, the integration tests also do it on a real PostgreSQL and look whether
the release before it still works, so that what is said and what is so stand side by side.
"""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.migrations.state import ProjectState
from django.db.models.functions import Now, Random

APP = "shop"
KEY = ("id", models.BigAutoField(primary_key=True))


def reference(to: str = "Author", **options: Any) -> Any:
    """Return a field that points to a row of another table."""
    return models.ForeignKey(f"{APP}.{to}", models.CASCADE, related_name="+", **options)


def many(**options: Any) -> Any:
    """Return a field that points to many rows."""
    return models.ManyToManyField(f"{APP}.Author", related_name="+", **options)


def short(length: int) -> Any:
    """Return a field of so many letters that others may point to."""
    return models.CharField(max_length=length, unique=True)


def base() -> list[Any]:
    """Return the operations that make the tables as the old release knows them."""
    book = [
        KEY,
        ("title", models.CharField(max_length=100)),
        ("note", models.TextField(null=True)),
        ("pages", models.IntegerField(db_default=0)),
        ("slug", models.CharField(max_length=20, db_index=True)),
        ("price", models.DecimalField(max_digits=6, decimal_places=2, null=True)),
        ("number", models.IntegerField(null=True)),
        ("names", ArrayField(models.CharField(max_length=10), null=True)),
        ("author", reference(null=True)),
        ("editor", reference()),
        ("loose", reference(null=True, db_constraint=False)),
        ("land", reference("Land", to_field="code", null=True)),
        ("tags", many()),
    ]
    options = {
        "indexes": [models.Index(fields=["note"], name="by_note")],
        "constraints": [models.CheckConstraint(condition=models.Q(pages__gte=-9), name="some")],
        "unique_together": {("title", "slug"), ("slug", "number")},
    }
    part = [KEY, ("book", reference("Book")), ("author", reference())]
    return [
        migrations.CreateModel(
            "Author", [KEY, ("name", models.CharField(max_length=9, unique=True))]
        ),
        migrations.CreateModel("Land", [KEY, ("code", short(3))]),
        migrations.CreateModel("Book", book, options),
        migrations.CreateModel("Part", part),
        migrations.AddField("Book", "parts", many(through=f"{APP}.Part")),
        migrations.CreateModel("Loner", [KEY]),
        migrations.CreateModel("Foreign", [KEY], {"managed": False}),
    ]


def state() -> ProjectState:
    """Return the models of the old release."""
    found = ProjectState()
    for operation in base():
        operation.state_forwards(APP, found)
    return found


def add(field: Any) -> Any:
    """Return an operation that adds a column."""
    return migrations.AddField("Book", "extra", field)


def alter(name: str, field: Any) -> Any:
    """Return an operation that alters a column."""
    return migrations.AlterField("Book", name, field)


def decimal(digits: int, places: int) -> Any:
    """Return a decimal field that may be empty."""
    return models.DecimalField(max_digits=digits, decimal_places=places, null=True)


TOGETHER = {("title", "slug"), ("slug", "number")}
POSITIVE = models.Q(pages__gte=0)
DOUBLED = models.GeneratedField(
    expression=models.F("pages") * 2, output_field=models.IntegerField(), db_persist=True
)

ADDED: dict[str, tuple[Any, list[str]]] = {
    "null": (models.TextField(null=True), []),
    "null with a default": (models.IntegerField(null=True, default=1), []),
    "json": (models.JSONField(null=True), []),
    "array": (ArrayField(models.IntegerField(), null=True), []),
    "comment": (models.TextField(null=True, db_comment="of ours"), []),
    "constant": (models.IntegerField(db_default=1), []),
    "boolean": (models.BooleanField(db_default=False), []),
    "the time": (models.DateTimeField(db_default=Now()), []),
    "reference": (reference(null=True, db_index=False), []),
    "loose reference": (reference(null=True, db_index=False, db_constraint=False), []),
    "many": (many(), []),
    "many through": (many(through=f"{APP}.Part"), []),
    "unique": (models.UUIDField(null=True, unique=True), ["ADD_UNIQUE"]),
    "unique text": (models.CharField(max_length=9, null=True, unique=True), ["ADD_UNIQUE"]),
    "one to one": (
        models.OneToOneField(f"{APP}.Author", models.CASCADE, null=True, related_name="+"),
        ["ADD_UNIQUE"],
    ),
    "index": (models.IntegerField(null=True, db_index=True), ["CREATE_INDEX"]),
    "slug": (models.SlugField(null=True), ["CREATE_INDEX"]),
    "indexed reference": (reference(null=True), ["CREATE_INDEX"]),
    "reference with a value": (reference(db_default=1, db_index=False), ["ADD_FOREIGN_KEY"]),
    "reference to a default": (
        reference(null=True, default=1, db_index=False),
        ["ADD_FOREIGN_KEY"],
    ),
    "generated": (DOUBLED, ["REWRITE_TABLE"]),
    "random": (models.FloatField(db_default=Random()), ["REWRITE_TABLE"]),
    "uuid": (models.UUIDField(db_default=RandomUUID()), ["REWRITE_TABLE"]),
    "positive": (models.PositiveIntegerField(null=True), ["ADD_CHECK"]),
    "positive constant": (models.PositiveSmallIntegerField(db_default=1), ["ADD_CHECK"]),
    "default": (models.IntegerField(default=int), ["NOT_NULL"]),
    "empty text": (models.TextField(default="", blank=True), ["NOT_NULL"]),
    "now": (models.DateTimeField(auto_now_add=True), ["NOT_NULL"]),
}

ALTERED: dict[str, tuple[str, Any, list[str]]] = {
    "longer": ("title", models.CharField(max_length=200), []),
    "no length": ("title", models.CharField(max_length=None), []),
    "to text": ("title", models.TextField(), []),
    "longer with an index": ("slug", models.CharField(max_length=30, db_index=True), []),
    "choices": ("title", models.CharField(max_length=100, choices=[("a", "b")]), []),
    "commented": ("title", models.CharField(max_length=100, db_comment="ours"), []),
    "other default": ("pages", models.IntegerField(db_default=7), []),
    "null again": ("title", models.CharField(max_length=100, null=True), []),
    "more digits": ("price", decimal(8, 2), []),
    "no index": ("slug", models.CharField(max_length=20), []),
    "let loose": ("author", reference(null=True, db_constraint=False), []),
    "kept in Python": (
        "author",
        models.ForeignKey(f"{APP}.Author", models.PROTECT, null=True, related_name="books"),
        [],
    ),
    "shorter": ("title", models.CharField(max_length=50), ["ALTER_COLUMN"]),
    "text to varchar": ("note", models.CharField(max_length=9, null=True), ["ALTER_COLUMN"]),
    "big": ("pages", models.BigIntegerField(db_default=0), ["ALTER_COLUMN"]),
    "more places": ("price", decimal(8, 4), ["ALTER_COLUMN"]),
    "fewer digits": ("price", decimal(5, 2), ["ALTER_COLUMN"]),
    "other kind": ("number", models.TextField(null=True), ["ALTER_COLUMN"]),
    "wider array": (
        "names",
        ArrayField(models.CharField(max_length=20), null=True),
        ["ALTER_COLUMN"],
    ),
    "collation": (
        "slug",
        models.CharField(max_length=20, db_index=True, db_collation="C"),
        ["ALTER_COLUMN"],
    ),
    "made positive": ("number", models.PositiveIntegerField(null=True), ["ADD_CHECK"]),
    "made unique": ("title", models.CharField(max_length=100, unique=True), ["ADD_UNIQUE"]),
    "made indexed": ("title", models.CharField(max_length=100, db_index=True), ["CREATE_INDEX"]),
    "made needed": ("note", models.TextField(), ["NOT_NULL"]),
    "default lost": ("pages", models.IntegerField(), ["NOT_NULL"]),
    "made fast": ("loose", reference(null=True), ["ADD_FOREIGN_KEY"]),
    "reference made null": ("editor", reference(null=True), ["ADD_FOREIGN_KEY"]),
    "reference without index": (
        "author",
        reference(null=True, db_index=False),
        ["ADD_FOREIGN_KEY"],
    ),
    "other target": ("author", reference("Loner", null=True), ["ADD_FOREIGN_KEY"]),
    "other column": ("note", models.TextField(null=True, db_column="n"), ["RENAME_COLUMN"]),
    "other table between": ("tags", many(db_table="other"), ["RENAME_TABLE"]),
}

OTHERS: dict[str, tuple[Any, list[str]]] = {
    "longer name": (migrations.AlterField("Author", "name", short(20)), []),
    "longer target": (migrations.AlterField("Land", "code", short(5)), ["ADD_FOREIGN_KEY"]),
    "remove a column": (migrations.RemoveField("Book", "note"), ["DROP_COLUMN"]),
    "remove many": (migrations.RemoveField("Book", "tags"), ["DROP_TABLE"]),
    "remove many through": (migrations.RemoveField("Book", "parts"), []),
    "rename a field": (migrations.RenameField("Book", "note", "n"), ["RENAME_COLUMN"]),
    "rename many": (migrations.RenameField("Book", "tags", "t"), ["RENAME_TABLE"]),
    "rename many through": (migrations.RenameField("Book", "parts", "t"), []),
    "rename a model": (migrations.RenameModel("Loner", "Other"), ["RENAME_TABLE"]),
    "another table": (migrations.AlterModelTable("Loner", "other"), ["RENAME_TABLE"]),
    "the same table": (migrations.AlterModelTable("Loner", "shop_loner"), []),
    "delete": (migrations.DeleteModel("Loner"), ["DROP_TABLE"]),
    "delete what is not ours": (migrations.DeleteModel("Foreign"), []),
    "add to what is not ours": (migrations.AddField("Foreign", "x", models.IntegerField()), []),
    "options": (migrations.AlterModelOptions("Book", {"ordering": ["title"]}), []),
    "managers": (migrations.AlterModelManagers("Book", []), []),
    "table comment": (migrations.AlterModelTableComment("Book", "of ours"), []),
    "new table": (migrations.CreateModel("New", [KEY, ("book", reference("Book"))]), []),
    "index": (
        migrations.AddIndex("Book", models.Index(fields=["title"], name="by_title")),
        ["CREATE_INDEX"],
    ),
    "remove an index": (migrations.RemoveIndex("Book", "by_note"), []),
    "rename an index": (migrations.RenameIndex("Book", "new", old_name="by_note"), []),
    "unique": (
        migrations.AddConstraint(
            "Book", models.UniqueConstraint(fields=["title"], name="u", deferrable=None)
        ),
        ["ADD_UNIQUE"],
    ),
    "deferred": (
        migrations.AddConstraint(
            "Book",
            models.UniqueConstraint(
                fields=["title"], name="u", deferrable=models.Deferrable.DEFERRED
            ),
        ),
        ["ADD_UNIQUE"],
    ),
    "partly unique": (
        migrations.AddConstraint(
            "Book", models.UniqueConstraint(fields=["title"], condition=POSITIVE, name="u")
        ),
        ["ADD_UNIQUE"],
    ),
    "check": (
        migrations.AddConstraint("Book", models.CheckConstraint(condition=POSITIVE, name="c")),
        ["ADD_CHECK"],
    ),
    "unproved check": (
        AddConstraintNotValid("Book", models.CheckConstraint(condition=POSITIVE, name="c")),
        ["ADD_CHECK"],
    ),
    "remove a check": (migrations.RemoveConstraint("Book", "some"), []),
    "more together": (
        migrations.AlterUniqueTogether("Book", {*TOGETHER, ("title", "number")}),
        ["ADD_UNIQUE"],
    ),
    "less together": (migrations.AlterUniqueTogether("Book", {("title", "slug")}), []),
    "indexed together": (
        migrations.AlterIndexTogether("Book", {("title", "number")}),
        ["CREATE_INDEX"],
    ),
    "an order": (migrations.AlterOrderWithRespectTo("Book", "author"), ["NOT_NULL"]),
    "no SQL": (migrations.RunSQL(migrations.RunSQL.noop, migrations.RunSQL.noop), []),
    "only a comment": (migrations.RunSQL("-- nothing\n/* at all */;", ""), []),
    "no statements": (migrations.RunSQL([], []), []),
    "no Python": (migrations.RunPython(migrations.RunPython.noop, elidable=True), []),
    "state only": (
        migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel("Loner")]),
        [],
    ),
    "database only": (
        migrations.SeparateDatabaseAndState([migrations.DeleteModel("Loner")]),
        ["DROP_TABLE"],
    ),
}

CASES: dict[str, tuple[Any, list[str]]] = {
    **{f"add {name}": (add(field), codes) for name, (field, codes) in ADDED.items()},
    **{
        f"alter {name}": (alter(column, field), codes)
        for name, (column, field, codes) in ALTERED.items()
    },
    **OTHERS,
}
