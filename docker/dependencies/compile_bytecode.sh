#!/bin/sh
# compile_bytecode.sh TREE EPOCH: compile Python so that the same sources give the same bytes, and
# give every file that time, in seconds since 1970.
set -eu
# Bytecode depends on what its process has compiled before: each process gets the same files.
find "$1" -name '*.py' -print0 | sort --zero-terminated | xargs --null --no-run-if-empty \
    --max-procs=0 --max-args=250 \
    python3 -m compileall -q -j 1 --invalidation-mode unchecked-hash -s "$1"
sh "$(dirname "$0")/set_times.sh" "$1" "$2"
