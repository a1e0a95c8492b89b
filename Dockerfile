# syntax-free on purpose: the frontend that comes with BuildKit is enough, and nothing is fetched.
#
# Dependencies for every platform are installed on the build platform, from wheels made for the
# target, and a stage of the target platform only copies: nothing runs under emulation.
# Every file gets a time that does not depend on the day of the build, so that one commit on one
# base is one digest.

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
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONHASHSEED=0
COPY --chmod=755 <<'INSTALL' /build/install
#!/bin/sh
# install ARCHITECTURE REQUIREMENTS TREE: put dependencies for a platform into TREE/srv/lib.
# What /wheels has for it was made from the pinned sources; /wheels names their hashes as well.
set -eu
case $1 in
    amd64) triple=x86_64-unknown-linux-gnu ;;
    arm64) triple=aarch64-unknown-linux-gnu ;;
    *) echo "no wheels are known for $1" >&2; exit 1 ;;
esac
mkdir -p "$3/srv/lib"
/build/uv/bin/uv pip install --quiet --link-mode copy --python-platform "$triple" \
    --python-version "$PYTHON" --python "$(command -v python3)" --target "$3/srv/lib" \
    $(test ! -d "/wheels/$1" || echo "--find-links=/wheels/$1") --only-binary :all: \
    --no-deps --require-hashes --requirement "$2" || {
    echo "install: not every dependency could be installed from a wheel for $1" >&2
    # By this code `invoke build` knows that it has to make one: towpath/images/wheels/provide.py.
    exit 86
}
# A script says which Python runs it: the one of the image, not the one that installed it.
find "$3/srv/lib/bin" -type f -exec sed --in-place '1s|^#!.*python.*|#!/usr/bin/env python3|' {} + \
    2>/dev/null || test ! -d "$3/srv/lib/bin"
INSTALL

COPY --chmod=755 <<'PINS' /build/pins
#!/bin/sh
# pins ARCHITECTURE NAME: name the file of requirements for a platform, with the wheels made for it.
set -eu
if [ -e "/wheels/$1/$2" ]; then echo "/wheels/$1/$2"; else echo "/build/$2"; fi
PINS

COPY --chmod=755 <<'SPLIT' /build/split
#!/usr/bin/env python3
"""split TREE COMMON DJANGO: move what every platform has alike out of TREE.

DJANGO is half of it and changes least.
"""
import csv
import re
import sys
from pathlib import Path

tree, common, django = map(Path, sys.argv[1:])
library = tree / "srv/lib"
for record in sorted(library.glob("*.dist-info/RECORD")):
    tags = re.findall(r"^Tag: (.+)$", record.with_name("WHEEL").read_text(), re.M)
    if not tags or not all(tag.endswith("-none-any") for tag in tags):
        continue
    whose = django if record.parent.name.lower().startswith("django-") else common
    for name, *_ in list(csv.reader(record.open())):
        file, target = library / name, whose / "srv/lib" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        compiled = (file.with_suffix(".mo"), target.with_suffix(".mo"))
        if file.suffix == ".po" and any(other.exists() for other in compiled):
            file.unlink()  # the source of a translation; only the compiled one is read
        else:
            file.rename(target)
SPLIT

COPY --chmod=755 <<'REST' /build/rest
#!/usr/bin/env python3
"""rest REQUIREMENTS TREE...: print the requirements that are in none of the trees."""
import re
import sys
from pathlib import Path


def plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()


trees = map(Path, sys.argv[2:])
there = {plain(row.name.split("-")[0]) for tree in trees for row in tree.glob("srv/lib/*.dist-info")}
for pin in re.findall(r"^[^#\s].*?[^\\]$", Path(sys.argv[1]).read_text(), re.M | re.S):
    if plain(re.match(r"[\w.-]+", pin)[0]) not in there:
        print(pin)
REST

COPY --chmod=755 <<'STAMP' /build/stamp
#!/bin/sh
# stamp TREE EPOCH: give every file that time, and take out what differs from day to day.
set -eu
# Installed files name the day or the place of their installation, or list each other in the order
# in which threads wrote them; nothing reads them at run time.
find "$1" \( -name RECORD -o -name .lock -o -name direct_url.json -o -name uv_cache.json \) -delete
# A file of a layer below is copied when it is touched: those that are right already are left alone.
find "$1" \( -newermt "@$2" -o ! -newermt "@$(($2 - 1))" \) \
    -exec touch --no-dereference --date="@$2" {} +
STAMP

COPY --chmod=755 <<'FREEZE' /build/freeze
#!/bin/sh
# freeze TREE EPOCH: compile it so that the same sources give the same bytes.
set -eu
# Bytecode depends on what its process has compiled before: each process gets the same files.
find "$1" -name '*.py' -print0 | sort --zero-terminated | xargs --null --no-run-if-empty \
    --max-procs=0 --max-args=250 \
    python3 -m compileall -q -j 1 --invalidation-mode unchecked-hash -s "$1"
/build/stamp "$1" "$2"
FREEZE

COPY requirements/uv.txt /build/
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    pip install --quiet --no-cache-dir --root-user-action=ignore --target /build/uv \
    --require-hashes --requirement /build/uv.txt

# --- dependencies: what every platform has alike is installed, compiled and stored once ----------
# `invoke build` puts a directory of wheels in its place, where a dependency has none.
FROM scratch AS wheels

FROM builder AS resolved
ARG BUILDARCH
ARG ARCHITECTURES="amd64 arm64"
COPY requirements/production.txt /build/
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    --mount=type=bind,from=wheels,target=/wheels <<'RESOLVE'
set -eu
# No cache is mounted: every build of an engine shares it, and uv does not hash what it finds there.
export UV_CACHE_DIR=/build/downloads
mkdir -p /common /django
/build/install "${BUILDARCH}" "$(/build/pins "${BUILDARCH}" production.txt)" /native
/build/split /native /common /django
# Any fixed day will do, but not the commit's: the same pins are the same layer.
/build/stamp /common 315532800
/build/stamp /django 315532800
for architecture in ${ARCHITECTURES}; do
    pins=$(/build/pins "${architecture}" production.txt)
    /build/rest "${pins}" /common /django > /build/rest.txt
    /build/install "${architecture}" /build/rest.txt "/own-${architecture}"
done
rm -rf "${UV_CACHE_DIR}"
RESOLVE

# A stage of this file, and no image.
# hadolint ignore=DL3006
FROM resolved AS dependencies
RUN for tree in /django /common /own-*; do /build/freeze "${tree}" 315532800; done

# --- wheel: one dependency from its source; `invoke build` asks for it where there is no wheel ----
# COMPILED takes a compiler, for the target where that is another machine, and PACKAGES, which are
# Debian's and needed to build it. Without COMPILED only a dependency in pure Python is made.
# hadolint ignore=DL3029
FROM --platform=$MADE_ON python:${PYTHON}-slim AS toolchain
ARG PYTHON
ARG TARGETARCH
ARG COMPILED=""
ARG PACKAGES=""
# Nothing of this stage is in an image; Debian keeps one version of each package.
# hadolint ignore=DL3008,DL3009
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt <<'TOOLS'
set -eu
test -n "${COMPILED}" || exit 0
here=$(dpkg --print-architecture)
case ${TARGETARCH} in amd64) machine=x86-64 ;; arm64) machine=aarch64 ;; esac
if [ "${here}" = "${TARGETARCH}" ]; then
    of="" tools="gcc g++ libc6-dev"
else
    dpkg --add-architecture "${TARGETARCH}"
    of=":${TARGETARCH}" tools="gcc-${machine}-linux-gnu g++-${machine}-linux-gnu"
    tools="${tools} libc6-dev-${TARGETARCH}-cross"
fi
include=$(python3 -c 'import sysconfig; print(sysconfig.get_path("include"))')
test -e "${include}/Python.h" || tools="${tools} libpython${PYTHON}-dev${of}"
# Only names and versions are read of the lists, for two machines: gzip is read fastest.
cat > /etc/apt/apt.conf.d/towpath <<CONF
Acquire::Languages "none";
Acquire::GzipIndexes "true";
Acquire::CompressionTypes::Order { "gz"; };
CONF
apt-get update --quiet=2
for package in ${PACKAGES}; do
    # What serves every machine, as a parser generator does, runs here; a library is the target's.
    case $(apt-cache show --no-all-versions "${package}" || true) in
        *"Multi-Arch: foreign"*) tools="${tools} ${package}" ;;
        *) tools="${tools} ${package}${of}" ;;
    esac
done
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends \
    make pkg-config ${tools} >/dev/null
TOOLS

# hadolint ignore=DL3006
FROM toolchain AS making
ARG PIN
ARG HASH
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt PIP_DISABLE_PIP_VERSION_CHECK=1
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    --mount=type=bind,from=bare,target=/target <<'MAKE'
set -eu
mkdir /wheels
# What a debugger would read has no place in an image.
export CFLAGS=-g0 CXXFLAGS=-g0
echo "${PIN} --hash=sha256:${HASH}" > /root/pin.txt
here=$(dpkg --print-architecture)
if [ -n "${COMPILED}" ] && [ "${here}" != "${TARGETARCH}" ]; then
    case ${TARGETARCH} in amd64) machine=x86_64 ;; arm64) machine=aarch64 ;; esac
    # What the target's Python knows of its compiler and its libraries.
    data=$(find /target/usr /usr -path "*/python${PYTHON}/*" \
        -name "_sysconfigdata_*_${machine}-linux-gnu.py" -print -quit)
    test -n "${data}" || { echo "nothing says how ${machine} is compiled for" >&2; exit 1; }
    mkdir /root/data
    cp "${data}" /root/data/
    own=/target/usr/local
    test ! -e "${own}/include/python${PYTHON}/Python.h" \
        || { CFLAGS="${CFLAGS} -I${own}/include/python${PYTHON}"; LDFLAGS="-L${own}/lib"; }
    # pip and the tools that it fetches for a build run here: only what builds is told of the target.
    cat > /root/data/across.py <<ACROSS
import os
import sys

here, tool = "/root/data", "${machine}-linux-gnu-"
# pip lets this run twice, and takes off the path what the second time adds.
sys.path += [] if here in sys.path else [here]
os.environ.update(
    CC=tool + "gcc",
    CXX=tool + "g++",
    CPP=tool + "gcc -E",
    AR=tool + "ar",
    LDSHARED=tool + "gcc -shared",
    LDCXXSHARED=tool + "g++ -shared",
    CFLAGS="${CFLAGS}",
    LDFLAGS="${LDFLAGS:-}",
    PKG_CONFIG_LIBDIR="/usr/lib/${machine}-linux-gnu/pkgconfig:/usr/share/pkgconfig",
    PYTHONPATH=os.environ.get("PYTHONPATH", "") + os.pathsep + here,
    _PYTHON_HOST_PLATFORM="linux-${machine}",
    _PYTHON_SYSCONFIGDATA_NAME="$(basename "${data}" .py)",
)
ACROSS
    # Python reads such a file at its start, whatever paths pip gives it; this is how pip builds.
    site=$(python3 -c 'import site; print(site.getsitepackages()[0])')
    mkdir -p "${site}"
    { printf 'import sys; any(word.endswith("_in_process.py") for word in sys.orig_argv)'
        echo ' and exec(open("/root/data/across.py").read())'; } > "${site}/across.pth"
fi
# What a source needs to be built has no hash: it comes from the index, never from a cache that
# other builds write to.
export PIP_NO_CACHE_DIR=1
pip wheel --quiet --use-pep517 --no-deps --require-hashes --no-binary "${PIN%%=*}" \
    --wheel-dir /wheels --requirement /root/pin.txt
MAKE

FROM scratch AS wheel
COPY --from=making /wheels/ /

# --- code: the same for every platform; static files are collected on the build platform ---------
# A stage of this file, and no image.
# hadolint ignore=DL3006
FROM dependencies AS code
COPY app/ /code/srv/app/
# The commit's time becomes the files' own, by which web servers answer whether a file has changed.
ARG SOURCE_DATE_EPOCH=315532800
RUN SECRET_KEY=collecting ALLOWED_HOSTS=none ENVIRONMENT=development DEBUG=false \
    PYTHONPATH=/django/srv/lib:/common/srv/lib:/native/srv/lib \
    python3 /code/srv/app/manage.py collectstatic --no-input --verbosity 0 \
    && rm -rf /code/srv/app/var/* \
    # Who may read a file is the image's matter, not that of the umask of a checkout.
    && chmod -R u=rwX,go=rX /code \
    # COPY knows a tree by its contents without their times: the time has to be one of them.
    && echo "${SOURCE_DATE_EPOCH}" > /code/srv/epoch && /build/freeze /code "${SOURCE_DATE_EPOCH}"

# --- hidden: what the Python image brings and no container of ours may use -------------------------
# An empty file in a layer takes the place of the file or directory below it. So installers, and
# programs that give more rights than the user has, go without a command run in the target's image.
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

# --- system: Debian's packages that dependencies need to run, unpacked for the target ----------------
# Their maintainers' scripts do not run: libraries need none.
FROM builder AS system
ARG TARGETARCH
ARG RUN_PACKAGES=""
# Debian keeps one version of each package; the only pipe ends in a loop's file.
# hadolint ignore=DL3008,DL4006
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    --mount=type=bind,from=bare,target=/target <<'SYSTEM'
set -eu
mkdir /system
test -n "${RUN_PACKAGES}" || { /build/stamp /system 315532800; exit 0; }
mkdir -p /root/apt/lists/partial /root/apt/cache/archives/partial /system/var/lib/dpkg/info
cp /target/var/lib/dpkg/status /root/apt/status
cat > /root/apt/apt.conf <<CONF
APT::Architecture "${TARGETARCH}";
#clear APT::Architectures;
APT::Architectures { "${TARGETARCH}"; };
Dir::State::status "/root/apt/status";
Dir::State::Lists "/root/apt/lists";
Dir::Cache "/root/apt/cache";
Acquire::Languages "none";
Acquire::GzipIndexes "true";
Acquire::CompressionTypes::Order { "gz"; };
CONF
export APT_CONFIG=/root/apt/apt.conf
apt-get update --quiet=2
# shellcheck disable=SC2086
apt-get install --quiet=2 --yes --no-install-recommends --download-only ${RUN_PACKAGES} >/dev/null
# A file goes where the image has that directory, and not in the place of the link to it.
for name in bin sbin lib lib64; do
    test -L "/target/${name}" || continue
    mkdir -p "/system/usr/${name}"
    ln -s "usr/${name}" "/system/${name}"
done
for package in /root/apt/cache/archives/*.deb; do
    dpkg-deb --extract "${package}" /system
    { dpkg-deb --field "${package}"; echo "Status: install ok installed"; echo; } >> /root/apt/status
    dpkg-deb --contents "${package}" | awk '{ sub(/^\./, "", $6); sub(/\/$/, "", $6); print $6 }' \
        > "/system/var/lib/dpkg/info/$(dpkg-deb --field "${package}" Package):${TARGETARCH}.list"
done
for name in bin sbin lib lib64; do test ! -L "/system/${name}" || rm "/system/${name}"; done
cp /root/apt/status /system/var/lib/dpkg/status
/build/stamp /system 315532800
SYSTEM

# --- base: what every target starts from ---------------------------------------------------------
# Linked layers are made once for all platforms, and none is unpacked onto the one below. What runs
# in the file system, as WORKDIR does, stands before them.
FROM bare AS base
ARG TARGETARCH
COPY --link --from=hidden /hidden/ /
WORKDIR /srv/app
ENV PATH=/srv/lib/bin:/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin \
    PYTHONPATH=/srv/app:/srv/lib \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
COPY --link --from=system /system/ /
COPY --link --from=dependencies /django/ /
COPY --link --from=dependencies /common/ /
COPY --link --from=dependencies /own-${TARGETARCH}/ /
COPY --link --from=code /code/ /

# --- testing: production, the test tools and the tests -------------------------------------------
FROM builder AS test-dependencies
ARG TARGETARCH
COPY requirements/test.txt /build/
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    --mount=type=bind,from=wheels,target=/wheels \
    export UV_CACHE_DIR=/build/downloads \
    && /build/install "${TARGETARCH}" "$(/build/pins "${TARGETARCH}" test.txt)" /tree \
    && rm -rf "${UV_CACHE_DIR}" \
    && /build/freeze /tree 315532800

FROM builder AS test-code
COPY pyproject.toml /tree/srv/
COPY tests/ /tree/srv/tests/
RUN chmod -R u=rwX,go=rX /tree/srv

FROM base AS testing
# The word stands for a secret where nothing is to be kept: this image holds the tests.
# hadolint ignore=DL3064
ENV ENVIRONMENT=testing SECRET_KEY=testing ALLOWED_HOSTS=testserver,localhost
COPY --from=test-dependencies /tree/ /
COPY --from=test-code /tree/ /
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
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s CMD ["python", "-m", "health.probe"]
CMD ["gunicorn", "config.wsgi:application"]
# Last, so that a new commit leaves every layer above as it is. The labels come with the build.
ARG VERSION=0.0.0
ARG COMMIT=unknown
ENV RELEASE_VERSION=${VERSION} RELEASE_COMMIT=${COMMIT}
