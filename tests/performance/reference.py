"""A piece of work that has nothing to do with the app, to measure the app's paths against.

It takes about a millisecond and does what a web page does, with the standard library alone: JSON,
a digest, a small database, text. Whoever changes this file changes the measure: the baseline is
bound to its bytes and has to be renewed.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path

ROWS = [{"name": f"stage-{number}", "facts": {"seconds": number / 7}} for number in range(40)]


def identity() -> str:
    """Return the sha256 of this file: what the baseline was measured against."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()


def reference(database: sqlite3.Connection) -> str:
    """Write rows, read them back and make a text of them; returns its digest."""
    database.execute("DELETE FROM stage")
    text = json.dumps(ROWS, sort_keys=True)
    rows = [(row["name"], json.dumps(row["facts"])) for row in json.loads(text)]
    database.executemany("INSERT INTO stage VALUES (?, ?)", rows)
    found = database.execute("SELECT name, facts FROM stage ORDER BY name DESC").fetchall()
    page = "".join(f"<li>{name}: {json.loads(facts)['seconds']:.3f}</li>" for name, facts in found)
    return hashlib.sha256(page.encode()).hexdigest()


def database() -> sqlite3.Connection:
    """Return a database in memory with the one table that `reference` uses."""
    opened = sqlite3.connect(":memory:")
    opened.execute("CREATE TABLE stage (name TEXT, facts TEXT)")
    return opened
