#!/bin/sh
# collect_static.sh CODE MANAGE [VOLUME...]: collect the static files of the code below CODE, and run
# the management commands of STATIC_COMMANDS after that, which are separated by `;`.
#
# Each VOLUME is a directory of the image. What the settings write there when they are read, such as
# a log or a secret, is removed again. Static files in a volume would stay those of the first release:
# that is refused. Those outside of CODE are moved to where the image has them.
set -eu
code=$1 manage=$2
shift 2
before=$(mktemp)
said=$(python3 "${manage}" collectstatic --no-input --verbosity 1)
echo "${said}"
IFS=';'
for command in ${STATIC_COMMANDS:-}; do
    unset IFS
    # A command and its arguments.
    # shellcheck disable=SC2086
    python3 "${manage}" ${command}
done
unset IFS
place=$(echo "${said}" | sed -n "s/^[0-9]* static files\{0,1\} [a-z]* to '\([^']*\)'.*/\1/p")
for volume; do
    case ${place} in
        "${code}${volume}" | "${code}${volume}"/* | "${volume}" | "${volume}"/*)
            echo "collect_static: STATIC_ROOT is in the volume ${volume}, which keeps the files of" \
                "its first release. Set [tool.towpath.image] static = false, and let" \
                "[tool.towpath.processes] release have 'python manage.py collectstatic --no-input'." >&2
            exit 1
            ;;
    esac
    case ${volume} in /srv/app/*) ;; *) continue ;; esac
    test ! -d "${code}${volume}" || find "${code}${volume}" -newer "${before}" \
        \( -type f -o -type l -o -type d -empty \) -delete
done
case ${place} in
    "" | "${code}"/*) ;;
    *)
        mkdir -p "${code}$(dirname "${place}")"
        mv "${place}" "${code}${place}"
        ;;
esac
rm -f "${before}"
