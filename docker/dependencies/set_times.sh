#!/bin/sh
# set_times.sh TREE EPOCH: give every file that time, in seconds since 1970, and delete what differs
# from one installation to the next.
set -eu
# These name the day or the directory of their installation, or list each other in the order in
# which threads wrote them; nothing reads them at run time.
find "$1" \( -name RECORD -o -name .lock -o -name direct_url.json -o -name uv_cache.json \) -delete
# A file of a layer below is copied when it is touched: those that are right already are left alone.
find "$1" \( -newermt "@$2" -o ! -newermt "@$(($2 - 1))" \) \
    -exec touch --no-dereference --date="@$2" {} +
