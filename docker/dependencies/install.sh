#!/bin/sh
# install.sh ARCHITECTURE REQUIREMENTS TREE: install the wheels of a platform into TREE/srv/lib.
#
# PYTHON is the version that will run them. Wheels that `invoke build` made of pinned sources are in
# $WHEELS/ARCHITECTURE; requirements of the same file name there have their hashes too, and are read
# instead.
set -eu
architecture=$1 library=$3/srv/lib
requirements=$(sh "$(dirname "$0")/requirements_for.sh" "${architecture}" "$2")
made=${WHEELS:-/wheels}/${architecture}
case ${architecture} in
    amd64) triple=x86_64-unknown-linux-gnu ;;
    arm64) triple=aarch64-unknown-linux-gnu ;;
    *) echo "install: unsupported architecture: ${architecture}" >&2; exit 1 ;;
esac
mkdir -p "${library}"
set --
test ! -d "${made}" || set -- --find-links="${made}"
# `invoke build` knows by exit code 86 that a wheel is missing (towpath/images/wheels/provide.py).
uv pip install --quiet --link-mode copy --python-platform "${triple}" \
    --python-version "${PYTHON}" --python "$(command -v python3)" --target "${library}" \
    "$@" --only-binary :all: --no-deps --require-hashes --requirement "${requirements}" || {
    echo "install: not every dependency could be installed from a wheel for ${architecture}" >&2
    exit 86
}
# A script names the Python that runs it: that of the image, not the one that installed it.
find "${library}/bin" -type f \
    -exec sed --in-place '1s|^#!.*python.*|#!/usr/bin/env python3|' {} + \
    2>/dev/null || test ! -d "${library}/bin"
