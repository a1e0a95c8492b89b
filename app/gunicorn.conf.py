"""How gunicorn serves the dashboard behind the proxy: `gunicorn config.wsgi:application`."""

import os

from config.access import VisibleLogger
from config.env import Environment

env = Environment(os.environ)

bind = env.text("WEB_BIND", "0.0.0.0:8000")
workers = env.number("WEB_WORKERS", 2, lowest=1, highest=64)
threads = env.number("WEB_THREADS", 4, lowest=1, highest=64)
worker_class = "gthread"
preload_app = False

# On SIGTERM a worker takes no new connection and has this long to finish what it has.
graceful_timeout = env.number("WEB_GRACEFUL_SECONDS", 30, lowest=1, highest=600)
timeout = 60
# The proxy opens a connection for each request. So no thread waits for the rest of a body that
# nobody reads, and none for a client that connects and says nothing.
keepalive = 0

limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 8190

accesslog = "-"
errorlog = "-"
logger_class = VisibleLogger
# It would be a socket on a file system that is read-only.
control_socket_disable = True
