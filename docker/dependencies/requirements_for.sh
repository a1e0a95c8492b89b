#!/bin/sh
# requirements_for.sh ARCHITECTURE FILE: print which file of requirements holds for a platform.
#
# It is the one in $WHEELS where `invoke build` made a wheel for that platform, else FILE itself.
set -eu
made=${WHEELS:-/wheels}/$1/$(basename "$2")
if [ -e "${made}" ]; then echo "${made}"; else echo "$2"; fi
