#!/bin/sh
# Runs a command with the Towpath that this project pins: ./@name@ invoke pipeline
# Towpath has an environment of its own, .towpath/venv. It is made at first use, and again when the
# pinned version changes or after `rm -rf .towpath`. Written by `python -m towpath init`.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
home=$root/.towpath
venv=$home/venv

fail() {
    printf '%s\n' "ERROR $1" "next: $2" >&2
    exit 2
}

[ $# -gt 0 ] || fail "No command is named." "Run ./@name@ nox, or ./@name@ invoke --list."

# The Pythons that both this project and Towpath support.
find_python() {
    for name in ${TOWPATH_PYTHON:-@pythons@}; do
        if python=$(command -v "$name") && "$python" -c 'import sys, ensurepip
version = "%d.%d" % sys.version_info[:2]
sys.exit(version not in "@minors@".split())' 2>/dev/null; then
            return
        fi
    done
    fail "None of these is on PATH, with its module ensurepip: @pythons@." \
        "Install one, or name it: TOWPATH_PYTHON=/path/to/python ./@name@ ..."
}

# TOWPATH_PACKAGE replaces the pinned version: the path of a wheel, or of a checkout.
wanted() {
    printf '%s ' "$python"
    if [ -n "${TOWPATH_PACKAGE:-}" ]; then
        printf '%s' "$TOWPATH_PACKAGE"
    else
        "$python" - "$root/@settings@" <<'READ'
import sys
import tomllib

with open(sys.argv[1], "rb") as stream:
    document = tomllib.load(stream)
table = document if sys.argv[1].endswith("towpath.toml") else document["tool"]["towpath"]
version = str(table.get("version", ""))
print("towpath" + ("==" if version[:1].isdigit() else "") + version, end="")
READ
    fi
}

uv() { UV_SYSTEM_CERTS=true "$venv/bin/python" -m uv pip install --quiet --python "$venv/bin/python" "$@"; }
pip() { "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@"; }

# The stamp is written last: an environment that is not complete is made again by the next call.
make_venv() {
    printf '%s\n' "Making .towpath/venv with ${stamp#* } (first use, or the version changed)..." >&2
    rm -rf "$venv"
    mkdir -p "$home"
    printf '*\n' >"$home/.gitignore"
    "$python" -m venv "$venv" || fail "python -m venv failed." "Fix what it wrote above."
    # Towpath brings the hashes of what it depends on.
    pip --no-deps "${stamp#* }" || fail "Towpath was not installed." "Fix what pip wrote above."
    uv=$("$venv/bin/python" -m towpath.core.pins uv)
    pins=$("$venv/bin/python" -m towpath.core.pins ci)
    # uv is several times as fast; where only pip's settings name the index, pip does it.
    if ! { pip --no-deps --require-hashes -r "$uv" && uv --require-hashes -r "$pins" 2>/dev/null; }; then
        pip --require-hashes -r "$pins" || fail "pip failed." "Fix what it wrote above."
    fi
    printf '%s' "$stamp" >"$venv/towpath.stamp"
}

find_python
stamp=$(wanted) || fail "@settings@ does not say which Towpath." 'Add version = "@version@".'
if [ "$(cat "$venv/towpath.stamp" 2>/dev/null)" != "$stamp" ]; then
    make_venv
fi

cd "$root"
PATH=$venv/bin:$PATH
export PATH
exec "$@"
