#!/bin/sh
# install_compiler.sh: install what compiles a wheel for TARGETARCH (amd64, arm64) on this machine.
#
# Does nothing where COMPILED is empty. PACKAGES are Debian's packages that a wheel needs besides.
# PYTHON is the version that wheels are for; apt's settings are written to APT_SETTINGS.
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
cat > "${APT_SETTINGS:-/etc/apt/apt.conf.d}/towpath" <<CONF
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
