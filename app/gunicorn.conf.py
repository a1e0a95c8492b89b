"""How gunicorn serves the dashboard behind the proxy: `gunicorn config.wsgi:application`."""

import os
from typing import Any

from config.access import VisibleLogger
from config.env import Environment
from config.serving import Worker
from metrics import slots

env = Environment(os.environ)

bind = env.text("WEB_BIND", "0.0.0.0:8000")
workers = env.number("WEB_WORKERS", 2, lowest=1, highest=64)
threads = env.number("WEB_THREADS", 4, lowest=1, highest=64)
worker_class = Worker
preload_app = False

# Seconds that a worker has on SIGTERM to finish the requests that it has.
graceful_timeout = env.number("WEB_GRACEFUL_SECONDS", 30, lowest=1, highest=600)
timeout = 60
# The proxy opens a connection for each request: no thread waits for another request on it, nor for
# the rest of a body that is not read.
keepalive = 0

limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 8190

accesslog = "-"
errorlog = "-"
logger_class = VisibleLogger
# It would need a socket on a read-only file system.
control_socket_disable = True


def pre_fork(server: Any, worker: Any) -> None:
    """Give a new process a slot that no living one has."""
    worker.slot = slots.free(other.slot for other in server.WORKERS.values())


def post_fork(_server: Any, worker: Any) -> None:
    """Let the new process write the files of its slot."""
    slots.take(worker.slot)


def post_worker_init(_worker: Any) -> None:
    """Serve the metrics, now that the application is there."""
    from django.conf import settings

    from metrics import exporter
    from metrics.collectors import DashboardCollector

    exporter.start(settings.METRICS_HOST, settings.METRICS_PORT, DashboardCollector())


def child_exit(_server: Any, worker: Any) -> None:
    """Forget the requests that a process was working on when it ended."""
    slots.give_up(worker.slot)
