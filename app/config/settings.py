"""Settings of the dashboard, all read from the environment.

Without ENVIRONMENT the environment is "local": it serves this machine only, without debug pages,
with a random secret key, and takes no report without a token. ENVIRONMENT=development enables debug
pages, a fixed key and reports without a token.
"""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from config.env import Environment, SettingError
from config.strict import check_hosts, check_origins, check_secret

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment(os.environ)

# What this process is
ENVIRONMENT = env.choice(
    "ENVIRONMENT", ("local", "development", "testing", "staging", "production"), "local"
)
IS_DEVELOPMENT = ENVIRONMENT == "development"
IS_SERVED = ENVIRONMENT in ("staging", "production")
if IS_SERVED:
    # Several processes on several hosts need a shared database, cache and queue.
    for name in ("DATABASE_HOST", "CACHE_HOSTS", "QUEUE_HOST"):
        env.require(name, because=f"ENVIRONMENT is {ENVIRONMENT}")
DEBUG = env.flag("DEBUG", default=IS_DEVELOPMENT)
if DEBUG and IS_SERVED:
    raise SettingError("DEBUG", f"is true in {ENVIRONMENT}, where it shows secrets", "false")

RELEASE_VERSION = env.text("RELEASE_VERSION", "unknown")
RELEASE_COMMIT = env.text("RELEASE_COMMIT", "unknown")
RELEASE_DIGEST = env.text("RELEASE_DIGEST", "unknown")
if not re.fullmatch(r"unknown|sha256:[0-9a-f]{64}", RELEASE_DIGEST):
    raise SettingError("RELEASE_DIGEST", f"{RELEASE_DIGEST!r} is not a digest", "sha256:<64 hex>")

# Who may talk to it
if ENVIRONMENT not in ("local", "development"):
    for name in ("SECRET_KEY", "ALLOWED_HOSTS"):
        env.require(name, because=f"ENVIRONMENT is {ENVIRONMENT}")
SECRET_KEY = env.secret("SECRET_KEY") or (
    "development-only" if IS_DEVELOPMENT else secrets.token_urlsafe(64)
)
ALLOWED_HOSTS = env.items("ALLOWED_HOSTS") or ["localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = env.items("CSRF_TRUSTED_ORIGINS")
INGEST_TOKEN = env.secret("INGEST_TOKEN")
INGEST_TOKEN_SHORTEST = 32 if IS_SERVED else 1
if IS_SERVED:
    check_secret("SECRET_KEY", SECRET_KEY, shortest=50)
    check_hosts("ALLOWED_HOSTS", ALLOWED_HOSTS)
    check_origins("CSRF_TRUSTED_ORIGINS", CSRF_TRUSTED_ORIGINS)
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_HANDLERS = ["config.uploads.RefuseUploads"]

SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", default=IS_SERVED)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if IS_SERVED else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if IS_SERVED else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
CSRF_COOKIE_SECURE = IS_SERVED
# Preloading is asked for a whole domain by its owner, not by one host in it.
SILENCED_SYSTEM_CHECKS = ["security.W021"]

# What it is made of
INSTALLED_APPS = ["releases", "django.contrib.staticfiles"]
MIDDLEWARE = [
    "config.middleware.ContentSecurityPolicy",
    # Early, so that neither the Host check nor the redirect to https applies to health checks.
    "health.middleware.Health",
    # Below the health checks, which are frequent and fast and would hide what clients wait for.
    "metrics.middleware.Requests",
    "django.middleware.security.SecurityMiddleware",
    # Before any middleware that may read the body, such as the CSRF check.
    "config.methods.Methods",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {"context_processors": ["config.release.context"]},
    }
]
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Where Prometheus reads, on a port that the proxy does not know; 0 for nowhere
METRICS_HOST = env.text("METRICS_HOST", "127.0.0.1")
METRICS_PORT = env.number("METRICS_PORT", 0, lowest=0, highest=65535)

# Static files: collected into the image under names that carry their hash; found in place elsewhere
COLLECTED = not DEBUG and ENVIRONMENT not in ("local", "testing")
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = BASE_DIR / "staticfiles" if COLLECTED else None
WHITENOISE_AUTOREFRESH = False
WHITENOISE_USE_FINDERS = not COLLECTED
STORAGES = {
    "staticfiles": {
        "BACKEND": (
            "whitenoise.storage.CompressedManifestStaticFilesStorage"
            if COLLECTED
            else "django.contrib.staticfiles.storage.StaticFilesStorage"
        )
    }
}

# Database: PostgreSQL where a host is named, else a file
SERVICE_TIMEOUT = 2  # seconds to reach a service, before it counts as down
DATABASE: dict[str, Any]
if database_host := env.text("DATABASE_HOST"):
    DATABASE = {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": database_host,
        "PORT": env.number("DATABASE_PORT", 5432, lowest=1, highest=65535),
        "NAME": env.text("DATABASE_NAME", "dashboard"),
        "USER": env.text("DATABASE_USER", "dashboard"),
        "PASSWORD": env.secret("DATABASE_PASSWORD"),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": SERVICE_TIMEOUT,
            # Milliseconds until a host that stopped answering counts as lost.
            "tcp_user_timeout": 10_000,
        },
    }
else:
    SQLITE = BASE_DIR / "var" / "db.sqlite3"
    # In an image whose files are read-only there is no database then; health says so.
    with suppress(OSError):
        SQLITE.parent.mkdir(exist_ok=True)
    DATABASE = {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": SQLITE,
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL"},
    }
DATABASES = {"default": DATABASE}

# Cache: Memcached where hosts are named, else the memory of this process
CACHE: dict[str, Any]
if cache_hosts := env.items("CACHE_HOSTS"):
    CACHE = {
        "BACKEND": "config.signed.SignedMemcached",
        "LOCATION": cache_hosts,
        "OPTIONS": {
            # Seconds; rendering a page without the cache is faster than waiting longer.
            "connect_timeout": 0.5,
            "timeout": 0.5,
            # Seconds until a failed server is tried again (default: a minute).
            "retry_attempts": 0,
            "dead_timeout": 5,
        },
    }
else:
    CACHE = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
CACHES = {"default": {**CACHE, "KEY_PREFIX": "dashboard"}}

# Queue: RabbitMQ where a host is named, else this process runs each task at once
if queue_host := env.text("QUEUE_HOST"):
    _user = quote(env.text("QUEUE_USER", "dashboard"), safe="")
    _password = quote(env.secret("QUEUE_PASSWORD"), safe="")
    _port = env.number("QUEUE_PORT", 5672, lowest=1, highest=65535)
    _vhost = quote(env.text("QUEUE_VHOST", "/"), safe="")
    CELERY_BROKER_URL = f"amqp://{_user}:{_password}@{queue_host}:{_port}/{_vhost}"
    CELERY_BROKER_TRANSPORT_OPTIONS = {"confirm_publish": True}
else:
    CELERY_BROKER_URL = "memory://"
    CELERY_TASK_ALWAYS_EAGER = True
    CELERY_TASK_EAGER_PROPAGATES = True
CELERY_BROKER_CONNECTION_TIMEOUT = SERVICE_TIMEOUT
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 2, "interval_start": 0, "interval_step": 0.2}
CELERY_TASK_DEFAULT_QUEUE = "reports"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONCURRENCY = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
}
