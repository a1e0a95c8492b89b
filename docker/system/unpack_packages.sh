#!/bin/sh
# unpack_packages.sh IMAGE TREE: unpack Debian's packages for TARGETARCH into TREE, to be laid over
# IMAGE.
#
# IMAGE is the root of an image, TREE a directory to be made. RUN_PACKAGES are the packages; what
# they need and IMAGE lacks comes with them. dpkg's list in TREE has all of them. Every file gets the
# time FIXED_TIME, in seconds since 1970.
set -eu
image=$1 tree=$2
mkdir "${tree}"
test -n "${RUN_PACKAGES}" || { touch --date="@${FIXED_TIME}" "${tree}"; exit 0; }
apt=$(mktemp -d)
mkdir -p "${apt}/lists/partial" "${apt}/cache/archives/partial" "${tree}/var/lib/dpkg/info"
cp "${image}/var/lib/dpkg/status" "${apt}/status"
cat > "${apt}/apt.conf" <<CONF
APT::Architecture "${TARGETARCH}";
#clear APT::Architectures;
APT::Architectures { "${TARGETARCH}"; };
Dir::State::status "${apt}/status";
Dir::State::Lists "${apt}/lists";
Dir::Cache "${apt}/cache";
Acquire::Languages "none";
Acquire::GzipIndexes "true";
Acquire::CompressionTypes::Order { "gz"; };
CONF
export APT_CONFIG="${apt}/apt.conf"
apt-get update --quiet=2
# shellcheck disable=SC2086
apt-get install --quiet=2 --yes --no-install-recommends --download-only ${RUN_PACKAGES} >/dev/null
# A file goes where the image has that directory, and not in the place of the link to it.
for name in bin sbin lib lib64; do
    test -L "${image}/${name}" || continue
    mkdir -p "${tree}/usr/${name}"
    ln -s "usr/${name}" "${tree}/${name}"
done
for package in "${apt}"/cache/archives/*.deb; do
    dpkg-deb --extract "${package}" "${tree}"
    { dpkg-deb --field "${package}"; echo "Status: install ok installed"; echo; } >> "${apt}/status"
    dpkg-deb --contents "${package}" | awk '{ sub(/^\./, "", $6); sub(/\/$/, "", $6); print $6 }' \
        > "${tree}/var/lib/dpkg/info/$(dpkg-deb --field "${package}" Package):${TARGETARCH}.list"
done
for name in bin sbin lib lib64; do test ! -L "${tree}/${name}" || rm "${tree}/${name}"; done
cp "${apt}/status" "${tree}/var/lib/dpkg/status"
rm -rf "${apt}"
python3 "$(dirname "$0")/library_cache.py" "${image}" "${tree}"
find "${tree}" -exec touch --no-dereference --date="@${FIXED_TIME}" {} +
