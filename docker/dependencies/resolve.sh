#!/bin/sh
# resolve.sh REQUIREMENTS [ROOT]: install the dependencies of production, sorted into trees.
#
# What every platform has alike is in ROOT/common and ROOT/django; what is of one platform only in
# ROOT/own-ARCHITECTURE, for each of ARCHITECTURES. All of it is compiled, and every file gets the
# time FIXED_TIME, in seconds since 1970. ROOT/native is what else the build platform, BUILDARCH,
# needs to collect the static files.
set -eu
scripts=$(dirname "$0") requirements=$1 root=${2:-}
remaining=$(mktemp)
# No cache is mounted: every build of an engine shares it, and uv does not hash what it finds there.
UV_CACHE_DIR=$(mktemp -d)
export UV_CACHE_DIR
mkdir -p "${root}/common" "${root}/django"
sh "${scripts}/install.sh" "${BUILDARCH}" "${requirements}" "${root}/native"
python3 "${scripts}/split_packages.py" "${root}/native" "${root}/common" "${root}/django"
for architecture in ${ARCHITECTURES}; do
    pinned=$(sh "${scripts}/requirements_for.sh" "${architecture}" "${requirements}")
    python3 "${scripts}/remaining_requirements.py" "${pinned}" "${root}/common" "${root}/django" \
        > "${remaining}"
    sh "${scripts}/install.sh" "${architecture}" "${remaining}" "${root}/own-${architecture}"
done
rm -rf "${UV_CACHE_DIR}" "${remaining}"
for tree in "${root}/django" "${root}/common" "${root}"/own-*; do
    sh "${scripts}/compile_bytecode.sh" "${tree}" "${FIXED_TIME}"
done
