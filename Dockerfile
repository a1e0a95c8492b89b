# syntax-free on purpose: the frontend that comes with BuildKit is enough, and nothing is fetched.
#
# Dependencies for every platform are installed on the build platform, from wheels made for the
# target, and a stage of the target platform only copies: nothing runs under emulation.
# Every file gets a time that does not depend on the day of the build, so that one commit on one
# base is one digest.

ARG PYTHON=3.13

# --- builder: tools, on the build platform -------------------------------------------------------
FROM --platform=$BUILDPLATFORM python:${PYTHON}-slim AS builder
ARG PYTHON
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONHASHSEED=0
COPY requirements/uv.txt /build/
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    --mount=type=cache,target=/root/.cache/pip \
    pip install --quiet --root-user-action=ignore --target /build/uv \
    --require-hashes --requirement /build/uv.txt
COPY --chmod=755 <<'INSTALL' /build/install
#!/bin/sh
# install ARCHITECTURE REQUIREMENTS TREE: put dependencies for a platform into TREE/srv/lib.
set -eu
case $1 in
    amd64) triple=x86_64-unknown-linux-gnu ;;
    arm64) triple=aarch64-unknown-linux-gnu ;;
    *) echo "no wheels are known for $1" >&2; exit 1 ;;
esac
mkdir -p "$3/srv/lib"
/build/uv/bin/uv pip install --quiet --link-mode copy --python-platform "$triple" \
    --python-version "$PYTHON" --python "$(command -v python3)" --target "$3/srv/lib" \
    --no-deps --require-hashes --requirement "$2"
# A script says which Python runs it: the one of the image, not the one that installed it.
find "$3/srv/lib/bin" -type f -exec sed --in-place '1s|^#!.*python.*|#!/usr/bin/env python3|' {} + \
    2>/dev/null || test ! -d "$3/srv/lib/bin"
INSTALL

COPY --chmod=755 <<'SPLIT' /build/split
#!/usr/bin/env python3
"""split REQUIREMENTS TREE COMMON REST: move what every platform has alike from TREE to COMMON.

REST becomes the requirements that are left: those whose wheels are made for a platform.
"""
import csv
import re
import sys
from pathlib import Path

requirements, tree, common, rest = map(Path, sys.argv[1:])
library, alike = tree / "srv/lib", set()
for record in sorted(library.glob("*.dist-info/RECORD")):
    tags = re.findall(r"^Tag: (.+)$", record.with_name("WHEEL").read_text(), re.M)
    if not tags or not all(tag.endswith("-none-any") for tag in tags):
        continue
    alike.add(re.sub(r"[-_.]+", "-", record.parent.name.split("-")[0]).lower())
    for name, *_ in list(csv.reader(record.open())):
        target = common / "srv/lib" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (library / name).rename(target)
pins = re.findall(r"^[^#\s].*?[^\\]$", requirements.read_text(), re.M | re.S)
names = [re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", pin)[0]).lower() for pin in pins]
rest.write_text("\n".join(pin for pin, name in zip(pins, names) if name not in alike) + "\n")
SPLIT

COPY --chmod=755 <<'FREEZE' /build/freeze
#!/bin/sh
# freeze TREE EPOCH: compile it so that the same sources give the same bytes.
set -eu
# Installed files name the day or the place of their installation, or list each other in the order
# in which threads wrote them; nothing reads them at run time.
find "$1" \( -name RECORD -o -name .lock -o -name direct_url.json -o -name uv_cache.json \) -delete
# Bytecode depends on what its process has compiled before: each process gets the same files.
find "$1" -name '*.py' -print0 | sort --zero-terminated | xargs --null --no-run-if-empty \
    --max-procs=0 --max-args=250 \
    python3 -m compileall -q -j 1 --invalidation-mode unchecked-hash -s "$1"
find "$1" -exec touch --no-dereference --date="@$2" {} +
FREEZE

# --- dependencies: what every platform has alike is installed, compiled and stored once ----------
FROM builder AS resolved
ARG BUILDARCH
COPY requirements/production.txt /build/
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    --mount=type=cache,target=/root/.cache \
    /build/install "${BUILDARCH}" /build/production.txt /native \
    && /build/split /build/production.txt /native /common /build/rest.txt

# A stage of this file, and no image.
# hadolint ignore=DL3006
FROM resolved AS common
# Any fixed day will do, but not the commit's: the same pins are the same layer.
RUN /build/freeze /common 315532800

# hadolint ignore=DL3006
FROM resolved AS own
ARG TARGETARCH
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    --mount=type=cache,target=/root/.cache \
    /build/install "${TARGETARCH}" /build/rest.txt /own && /build/freeze /own 315532800

# --- code: the same for every platform; static files are collected on the build platform ---------
# A stage of this file, and no image.
# hadolint ignore=DL3006
FROM common AS code
COPY app/ /code/srv/app/
# The commit's time becomes the files' own, by which web servers answer whether a file has changed.
ARG SOURCE_DATE_EPOCH=315532800
RUN SECRET_KEY=collecting ALLOWED_HOSTS=none ENVIRONMENT=development DEBUG=false \
    PYTHONPATH=/common/srv/lib:/native/srv/lib python3 /code/srv/app/manage.py collectstatic --no-input --verbosity 0 \
    && rm -rf /code/srv/app/var/* \
    # COPY knows a tree by its contents without their times: the time has to be one of them.
    && echo "${SOURCE_DATE_EPOCH}" > /code/srv/epoch && /build/freeze /code "${SOURCE_DATE_EPOCH}"

# --- hidden: what the Python image brings and no container of ours may use -------------------------
# An empty file in a layer takes the place of the file or directory below it. So installers, and
# programs that give more rights than the user has, go without a command run in the target's image.
FROM python:${PYTHON}-slim AS bare

FROM builder AS hidden
# The directory is a mount of this instruction alone.
# hadolint ignore=DL3003
RUN --mount=type=bind,from=bare,target=/bare <<'HIDE'
set -eu
cd /bare
mkdir /hidden
{
    find usr -path '*/python3*/*-packages/*' -prune \( -name 'pip*' -o -name 'setuptools*' \
        -o -name 'wheel*' -o -name pkg_resources -o -name _distutils_hack \) -print
    find usr -path '*/python3*/ensurepip' -prune -print
    find usr -path '*/share/python-wheels' -prune -print
    find usr -path '*/bin/pip*' -print
    find . -xdev -type f -perm /6000 -printf '%P\n'
} > /build/names
while read -r name; do
    mkdir -p "/hidden/$(dirname "$name")"
    : > "/hidden/$name"
done < /build/names
# WORKDIR finds its directory, so that it leaves none of its own with the time of the build.
mkdir -p /hidden/srv/app
find /hidden -exec touch --no-dereference --date=@315532800 {} +
HIDE

# --- base: what every target starts from ---------------------------------------------------------
# Linked layers are made once for all platforms, and none is unpacked onto the one below. What runs
# in the file system, as WORKDIR does, stands before them.
FROM bare AS base
COPY --link --from=hidden /hidden/ /
WORKDIR /srv/app
ENV PATH=/srv/lib/bin:/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin \
    PYTHONPATH=/srv/app:/srv/lib \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
COPY --link --from=common /common/ /
COPY --link --from=own /own/ /
COPY --link --from=code /code/ /

# --- testing: production, the test tools and the tests -------------------------------------------
FROM builder AS test-dependencies
ARG TARGETARCH
COPY requirements/test.txt /build/
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    --mount=type=cache,target=/root/.cache \
    /build/install "${TARGETARCH}" /build/test.txt /tree && /build/freeze /tree 315532800

FROM base AS testing
# The word stands for a secret where nothing is to be kept: this image holds the tests.
# hadolint ignore=DL3064
ENV ENVIRONMENT=testing SECRET_KEY=testing ALLOWED_HOSTS=testserver,localhost
COPY --from=test-dependencies /tree/ /
COPY pyproject.toml /srv/
COPY tests/ /srv/tests/
WORKDIR /srv
CMD ["python", "-m", "pytest", "-p", "no:cacheprovider", "tests/app"]

# --- development: the code in a file system that may be written, served by Django itself ---------
FROM base AS development
ENV ENVIRONMENT=development
COPY --from=code --chown=10001:10001 /code/srv/ /srv/
CMD ["python", "manage.py", "runserver", "0.0.0.0:8000"]

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
        docker-buildx docker-cli docker-compose git >/dev/null \
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
WORKDIR /opt/project
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    export UV_CACHE_DIR=/opt/cache UV_LINK_MODE=hardlink \
    && uv venv --quiet /opt/towpath \
    && uv pip install --quiet --python /opt/towpath --require-hashes \
        -r /opt/project/requirements/ci.txt -r /opt/project/requirements/production.txt \
    && nox --install-only -s lint tests integration security coverage \
    && rm -rf /opt/cache && mkdir -p "${HOME}" && chmod 1777 "${HOME}" /opt/nox
USER 10001:10001
WORKDIR /work
CMD ["nox", "--list"]

# --- production ----------------------------------------------------------------------------------
FROM base AS production
ENV ENVIRONMENT=production
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s CMD ["python", "-m", "health.probe"]
CMD ["gunicorn", "config.wsgi:application"]
# Last, so that a new commit leaves every layer above as it is. The labels come with the build.
ARG VERSION=0.0.0
ARG COMMIT=unknown
ENV RELEASE_VERSION=${VERSION} RELEASE_COMMIT=${COMMIT}
