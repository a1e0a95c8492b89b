"""What we ask of Django and of Python inside the product's container. Pure: argv lists only."""

from __future__ import annotations

Argv = list[str]

# One request, without whatever proxy the container's environment names; the body is the output.
_READY = """\
import http.client, sys
asked = http.client.HTTPConnection("127.0.0.1", 8000, timeout=10)
asked.request("GET", "/health/ready")
answer = asked.getresponse()
sys.stdout.write(answer.read(2000).decode(errors="replace"))
sys.exit(answer.status != 200)
"""


def ready() -> Argv:
    """Ask the web process of this container whether it can do its work: exit code 0 for yes."""
    return ["python", "-c", _READY]


def script(*arguments: str) -> Argv:
    """Run the Python program that comes on standard input."""
    return ["python", "-", *arguments]


def dump(file: str) -> Argv:
    """Write the whole database of this container into a file, in PostgreSQL's own format."""
    return ["pg_dump", "--username=dashboard", "--format=custom", f"--file={file}", "dashboard"]


def check_deployment(python: str, manage: str) -> Argv:
    """Ask Django's own checks about the settings that its environment gives."""
    return [python, manage, "check", "--no-color", "--deploy", "--fail-level=WARNING"]


def missing_migrations(python: str, manage: str) -> Argv:
    """Ask Django which migrations its models lack; nothing is written."""
    return [python, manage, "makemigrations", "--no-color", "--check", "--dry-run"]
