#!/bin/sh
# build_direct.sh REQUIREMENTS TREE: build what no index has, and install it into TREE/srv/lib.
#
# REQUIREMENTS are commits of repositories and directories beside it. Each is built by its own build
# backend. What runs on one kind of machine alone is refused: every platform gets the same tree.
# Files get the time FIXED_TIME, in seconds since 1970.
set -eu
scripts=$(dirname "$0") requirements=$1 library=$2/srv/lib
wheels=$(mktemp -d)
cd "$(dirname "${requirements}")"
pip wheel --quiet --no-cache-dir --no-deps --disable-pip-version-check \
    --wheel-dir "${wheels}" --requirement "${requirements}"
for wheel in "${wheels}"/*.whl; do
    case ${wheel} in
        *-none-any.whl) ;;
        *) echo "build_direct: ${wheel##*/} has compiled code: publish it as a package" >&2; exit 1 ;;
    esac
done
mkdir -p "${library}"
uv pip install --quiet --link-mode copy --no-cache --no-deps --python "$(command -v python3)" \
    --target "${library}" "${wheels}"/*.whl
# A script names the Python that runs it: that of the image, not the one that installed it.
test ! -d "${library}/bin" || find "${library}/bin" -type f \
    -exec sed --in-place '1s|^#!.*python.*|#!/usr/bin/env python3|' {} +
rm -rf "${wheels}"
sh "${scripts}/compile_bytecode.sh" "$2" "${FIXED_TIME}"
