# The image of towpath. Rendered from [tool.towpath] by Towpath: `python -m towpath render` shows it,
# `eject dockerfile` makes it yours.
#
# Dependencies for every platform are installed on the build platform, from wheels made for the
# target, and a stage of the target platform only copies: nothing runs under emulation.
# Every file gets a time that does not depend on the day of the build, so that one commit on one
# base is one digest.
#
# What a stage does is a script below docker/, mounted for that one instruction: none is in a layer.
#
#   bare -----------------------------+
#   builder --> hidden, system -------+--> base --> development, production
#           --> dependencies --> code +
#   toolchain --> making --> wheel         one dependency that the index has no wheel of

ARG PYTHON=3.13
# Where a dependency without a wheel is made; the target's own platform means under emulation.
ARG MADE_ON=$BUILDPLATFORM

# --- bare: the image that production starts from --------------------------------------------------
FROM python:${PYTHON}-slim AS bare

# --- builder: tools, on the build platform -------------------------------------------------------
FROM --platform=$BUILDPLATFORM python:${PYTHON}-slim AS builder
ARG PYTHON
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
    PATH=/build/uv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONHASHSEED=0 \
    # Any fixed day will do for dependencies, but not the commit's: the same pins are the same layer.
    FIXED_TIME=315532800
COPY requirements/uv.txt /build/
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    pip install --quiet --no-cache-dir --root-user-action=ignore --target /build/uv \
    --require-hashes --requirement /build/uv.txt

# --- dependencies: what every platform has alike is installed, compiled and stored once ----------
# `invoke build` puts a directory of wheels in its place, where a dependency has none.
FROM scratch AS wheels

FROM builder AS dependencies
ARG BUILDARCH
ARG ARCHITECTURES="amd64 arm64"
COPY requirements/production.txt /build/production.txt
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    --mount=type=bind,from=wheels,target=/wheels \
    --mount=type=bind,source=docker/dependencies,target=/docker/dependencies \
    sh /docker/dependencies/resolve.sh /build/production.txt

# --- wheel: one dependency from its source; `invoke build` asks for it where there is no wheel ----
# COMPILED takes a compiler, for the target where that is another machine, and PACKAGES, which are
# Debian's and needed to build it. Without COMPILED only a dependency in pure Python is made.
# hadolint ignore=DL3029
FROM --platform=$MADE_ON python:${PYTHON}-slim AS toolchain
ARG PYTHON
ARG TARGETARCH
ARG COMPILED=""
ARG PACKAGES=""
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    --mount=type=bind,source=docker/wheel,target=/docker/wheel \
    sh /docker/wheel/install_compiler.sh

# hadolint ignore=DL3006
FROM toolchain AS making
ARG PIN
ARG HASH
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt PIP_DISABLE_PIP_VERSION_CHECK=1
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    --mount=type=bind,from=bare,target=/target \
    --mount=type=bind,source=docker/wheel,target=/docker/wheel \
    sh /docker/wheel/build.sh /target /wheels

FROM scratch AS wheel
COPY --from=making /wheels/ /

# --- code: the same for every platform; static files are collected on the build platform ---------
# A stage of this file, and no image.
# hadolint ignore=DL3006
FROM dependencies AS code
COPY app/ /code/srv/app/
# Nothing of Towpath's own is in the image.
RUN rm -rf /code/srv/app/.towpath
# The commit's time becomes the files' own, by which web servers answer whether a file has changed.
ARG SOURCE_DATE_EPOCH=315532800
WORKDIR /code/srv/app
RUN --mount=type=bind,source=docker/dependencies,target=/docker/dependencies \
    env PYTHONPATH=/code/srv/app:/code/srv/app/src:/django/srv/lib:/common/srv/lib:/native/srv/lib \
    DJANGO_SETTINGS_MODULE=config.settings \
    SECRET_KEY=made-up-made-up-made-up-made-up-made-up-made-up-made-up-made-up- \
    DATABASE_PASSWORD=made-up-made-up-made-up-made-up-made-up-made-up-made-up-made-up- \
    QUEUE_PASSWORD=made-up-made-up-made-up-made-up-made-up-made-up-made-up-made-up- \
    ENVIRONMENT=production \
    ALLOWED_HOSTS=localhost \
    SECURE_SSL_REDIRECT=true \
    DATABASE_HOST=database \
    DATABASE_NAME=dashboard \
    DATABASE_USER=dashboard_app \
    CACHE_HOSTS=cache:11211 \
    QUEUE_HOST=queue \
    QUEUE_USER=dashboard \
    RELEASE_DIGEST=sha256:0000000000000000000000000000000000000000000000000000000000000000 \
    METRICS_HOST=0.0.0.0 \
    METRICS_PORT=9101 \
    PROMETHEUS_MULTIPROC_DIR=/tmp/metrics \
    sh /docker/dependencies/collect_static.sh /code manage.py
RUN --mount=type=bind,source=docker/dependencies,target=/docker/dependencies \
    find /code -name __pycache__ -prune -exec rm -rf {} + \
    # Who may read a file is the image's matter, not that of the umask of a checkout.
    && chmod -R u=rwX,go=rX /code \
    # COPY knows a tree by its contents without their times: the time has to be one of them.
    && echo "${SOURCE_DATE_EPOCH}" > /code/srv/epoch \
    && sh /docker/dependencies/compile_bytecode.sh /code "${SOURCE_DATE_EPOCH}"

# --- hidden: what the Python image brings and no container of ours may use -------------------------
# An empty file in a layer takes the place of the file or directory below it. So installers, and
# programs that give more rights than the user has, go without a command run in the target's image.
FROM builder AS hidden
RUN --mount=type=bind,from=bare,target=/bare \
    --mount=type=bind,source=docker/system,target=/docker/system \
    sh /docker/system/hide_files.sh /bare /hidden

# --- system: Debian's packages that dependencies need to run, unpacked for the target -------------
# Their maintainers' scripts do not run: libraries need none.
FROM builder AS system
ARG TARGETARCH
ARG RUN_PACKAGES=""
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    --mount=type=bind,from=bare,target=/bare \
    --mount=type=bind,source=docker/system,target=/docker/system \
    sh /docker/system/unpack_packages.sh /bare /system

# --- base: what every target starts from ---------------------------------------------------------
# Linked layers are made once for all platforms, and none is unpacked onto the one below. What runs
# in the file system, as WORKDIR does, stands before them.
FROM bare AS base
ARG TARGETARCH
COPY --link --from=hidden /hidden/ /
WORKDIR /srv/app
ENV PATH=/srv/lib/bin:/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin \
    PYTHONPATH=/srv/app:/srv/app/src:/srv/lib \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=config.settings \
    PORT=8000
USER 10001:10001
COPY --link --from=system /system/ /
COPY --link --from=dependencies /django/ /
COPY --link --from=dependencies /common/ /
COPY --link --from=dependencies /own-${TARGETARCH}/ /
COPY --link --from=code /code/ /

# --- development: the code in a file system that may be written, served by Django itself ---------
FROM base AS development
ENV ENVIRONMENT=development
COPY --from=code --chown=10001:10001 /code/srv/ /srv/
CMD ["python", "manage.py", "runserver", "0.0.0.0:8000"]

# --- the project's own stages: [tool.towpath.image] stages names their file, stages.dockerfile ------

# --- testing: production, the test tools and the tests -------------------------------------------
FROM builder AS test-dependencies
ARG TARGETARCH
COPY requirements/test.txt /build/
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    --mount=type=bind,from=wheels,target=/wheels \
    --mount=type=bind,source=docker/dependencies,target=/docker/dependencies \
    UV_NO_CACHE=1 sh /docker/dependencies/install.sh "${TARGETARCH}" /build/test.txt /tree \
    && sh /docker/dependencies/compile_bytecode.sh /tree "${FIXED_TIME}"

FROM builder AS test-code
COPY pyproject.toml /tree/srv/
COPY tests/ /tree/srv/tests/
# Without a database server the settings name a file there, which tests never write.
RUN mkdir -p /tree/srv/app/var && chmod -R u=rwX,go=rX /tree/srv

FROM base AS testing
# The word stands for a secret where nothing is to be kept: this image holds the tests.
# hadolint ignore=DL3064
ENV ENVIRONMENT=testing SECRET_KEY=testing ALLOWED_HOSTS=testserver,localhost
COPY --from=test-dependencies /tree/ /
COPY --from=test-code /tree/ /
WORKDIR /srv
CMD ["python", "-m", "pytest", "-p", "no:cacheprovider", "tests/app"]

# --- ci: the checks, for a machine that has an engine and nothing else (compose/ci.yaml) --------
# It holds tools and no source: each check gets a copy of the working tree, mounted.
FROM --platform=$BUILDPLATFORM python:${PYTHON}-slim AS ci
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
    REQUESTS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt \
    UV_SYSTEM_CERTS=true
# Debian keeps one version of each package: a pin would only end the next build.
# hadolint ignore=DL3008
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    apt-get update --quiet=2 \
    && apt-get install --quiet=2 --yes --no-install-recommends \
        docker-buildx docker-cli docker-compose docker-registry git >/dev/null \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/*
COPY --from=builder /build/uv/bin/uv /usr/local/bin/
# The other Pythons of the matrix, each checked by the hash that uv, itself pinned, knows of it.
# One that cannot be had is named by the tests as missing, as on any machine.
ARG PYTHONS=""
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    for python in ${PYTHONS}; do \
        command -v "python${python}" >/dev/null \
        || UV_PYTHON_BIN_DIR=/usr/local/bin UV_PYTHON_INSTALL_DIR=/opt/python \
            uv python install --quiet "${python}" \
        || echo "Python ${python} cannot be had here." >&2; \
    done
ENV PATH=/opt/towpath/bin:/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin \
    TOWPATH_ENVIRONMENTS=/opt/nox \
    HOME=/home/ci
# What ./dev would install, and what the sessions would: one cache, so that what they share is one
# file; anybody may add an environment, whoever the container runs as.
COPY requirements/ /opt/project/requirements/
COPY noxfile.py pyproject.toml /opt/project/
# What noxfile.py imports: the definitions of the sessions.
COPY towpath/ /opt/project/towpath/
WORKDIR /opt/project
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    export UV_CACHE_DIR=/opt/cache UV_LINK_MODE=hardlink \
    && uv venv --quiet /opt/towpath \
    && uv pip install --quiet --python /opt/towpath --require-hashes \
        -r /opt/project/requirements/ci.txt -r /opt/project/requirements/production.txt \
    && nox --install-only -s lint tests integration security coverage \
    && rm -rf /opt/cache && mkdir -p "${HOME}" && chmod 1777 "${HOME}" /opt/nox \
    && chmod -R u=rwX,go=rX /opt/project
USER 10001:10001
WORKDIR /work
CMD ["nox", "--list"]

# --- production ----------------------------------------------------------------------------------
FROM base AS production
ENV ENVIRONMENT=production
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["python", "-m", "health.probe", "web"]
CMD ["gunicorn", "config.wsgi:application"]
# Last, so that a new commit leaves every layer above as it is. The labels come with the build.
ARG VERSION=0.0.0
ARG COMMIT=unknown
ENV RELEASE_VERSION=${VERSION} RELEASE_COMMIT=${COMMIT}
