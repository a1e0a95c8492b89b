#!/bin/sh
# hide_files.sh IMAGE TREE: make an empty file in TREE for all that no container may use of IMAGE.
#
# IMAGE is the root of an image, TREE a directory to be made. An empty file in a layer takes the
# place of the file or directory below it. Each gets the time FIXED_TIME, in seconds since 1970.
set -eu
image=$1 tree=$2
names=$(mktemp)
mkdir "${tree}"
(
    cd "${image}"
    # What installs packages.
    find usr -path '*/python3*/*-packages/*' -prune \( -name 'pip*' -o -name 'setuptools*' \
        -o -name 'wheel*' -o -name pkg_resources -o -name _distutils_hack \) -print
    find usr -path '*/python3*/ensurepip' -prune -print
    find usr -path '*/share/python-wheels' -prune -print
    find usr -path '*/bin/pip*' -print
    # What runs as its owner or group, whoever starts it.
    find . -xdev -type f -perm /6000 -printf '%P\n'
) > "${names}"
while read -r name; do
    mkdir -p "${tree}/$(dirname "${name}")"
    : > "${tree}/${name}"
done < "${names}"
rm "${names}"
# WORKDIR finds its directory, so that it leaves none of its own with the time of the build.
mkdir -p "${tree}/srv/app"
find "${tree}" -exec touch --no-dereference --date="@${FIXED_TIME}" {} +
