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
