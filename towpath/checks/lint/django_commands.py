"""Commands of Django and Python, also inside the product's container. Pure: argv lists only."""

from __future__ import annotations

Argv = list[str]

# One request that ignores the proxy settings of the container; the output is the body.
_READY = """\
import http.client, sys
asked = http.client.HTTPConnection("127.0.0.1", 8000, timeout=10)
asked.request("GET", "/health/ready")
answer = asked.getresponse()
sys.stdout.write(answer.read(2000).decode(errors="replace"))
sys.exit(answer.status != 200)
"""


def ready() -> Argv:
    """Request the readiness of this container's web process: exit code 0 if it is ready."""
    return ["python", "-c", _READY]


def script(*arguments: str) -> Argv:
    """Run the Python program on standard input."""
    return ["python", "-", *arguments]


def dump(file: str) -> Argv:
    """Dump the database of this container to a file, in PostgreSQL's custom format."""
    return ["pg_dump", "--username=dashboard", "--format=custom", f"--file={file}", "dashboard"]


def check_deployment(python: str, manage: str) -> Argv:
    """Run Django's deployment checks with the settings from the environment."""
    return [python, manage, "check", "--no-color", "--deploy", "--fail-level=WARNING"]


def missing_migrations(python: str, manage: str) -> Argv:
    """List the migrations that the models lack, without writing them."""
    return [python, manage, "makemigrations", "--no-color", "--check", "--dry-run"]
