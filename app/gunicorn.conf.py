"""How gunicorn serves the dashboard behind the proxy: `gunicorn config.wsgi:application`."""

import os

from config.access import VisibleLogger
from config.env import Environment
from config.serving import Worker

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
