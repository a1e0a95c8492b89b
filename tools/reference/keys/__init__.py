"""What the reference says of each key of `[tool.towpath]`; types and defaults are the code's own.

A unit test compares the keys with those that the code reads, and the types with what it accepts.
"""

from __future__ import annotations

from tools.reference.keys import checks, delivery, operations, policy, project

TABLES = (
    *project.TABLES,
    *checks.TABLES,
    *delivery.TABLES,
    *operations.TABLES,
    *policy.TABLES,
)
