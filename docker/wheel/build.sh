#!/bin/sh
# build.sh TARGET INTO: build the wheel of PIN (name==version) from the source with the sha256 HASH.
#
# TARGET is the root of an image of the target, INTO the directory that gets the wheel. TARGETARCH
# and PYTHON say what it is for; COMPILED, that install_compiler.sh has installed a compiler.
set -eu
scripts=$(dirname "$0") target=$1 into=$2
work=${TMPDIR:-/tmp}/towpath-wheel
mkdir "${into}" "${work}"
# What a debugger would read has no use in an image.
export CFLAGS=-g0 CXXFLAGS=-g0
echo "${PIN} --hash=sha256:${HASH}" > "${work}/pin.txt"
here=$(dpkg --print-architecture)
if [ -n "${COMPILED}" ] && [ "${here}" != "${TARGETARCH}" ]; then
    case ${TARGETARCH} in amd64) machine=x86_64 ;; arm64) machine=aarch64 ;; esac
    # What the target's Python knows of its compiler and its libraries.
    data=$(find "${target}/usr" /usr -path "*/python${PYTHON}/*" \
        -name "_sysconfigdata_*_${machine}-linux-gnu.py" -print -quit)
    test -n "${data}" || { echo "No Python here has build settings for ${machine}." >&2; exit 1; }
    mkdir "${work}/data"
    cp "${data}" "${work}/data/"
    own=${target}/usr/local
    flags=
    test ! -e "${own}/include/python${PYTHON}/Python.h" \
        || { CFLAGS="${CFLAGS} -I${own}/include/python${PYTHON}"; flags="-L${own}/lib"; }
    # cross_compile.py reads these.
    export CROSS_MACHINE="${machine}" CROSS_DATA="${work}/data"
    export CROSS_CFLAGS="${CFLAGS}" CROSS_LDFLAGS="${flags}"
    CROSS_SETTINGS=$(basename "${data}" .py)
    export CROSS_SETTINGS
    cp "${scripts}/cross_compile.py" "${work}/"
    # pip and the tools that it fetches for a build run on this machine: only the process that builds
    # gets the settings of the target. Python reads a .pth file when it starts, whatever paths pip
    # gives it; _in_process.py is how pip calls a build.
    site=$(python3 -c 'import site; print(site.getsitepackages()[0])')
    mkdir -p "${site}"
    { printf 'import sys; any(word.endswith("_in_process.py") for word in sys.orig_argv)'
        printf ' and exec(open("%s").read(), {"__name__": "__main__"})\n' "${work}/cross_compile.py"
    } > "${site}/cross_compile.pth"
fi
# What a source needs to be built has no hash: it comes from the index, never from a cache that
# other builds write to.
export PIP_NO_CACHE_DIR=1
pip wheel --quiet --use-pep517 --no-deps --require-hashes --no-binary "${PIN%%=*}" \
    --wheel-dir "${into}" --requirement "${work}/pin.txt"
