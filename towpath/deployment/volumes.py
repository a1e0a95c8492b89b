"""The volumes of the product belong to its user, whatever an earlier image made of them."""

from __future__ import annotations

import re

from towpath.environments import compose_commands as compose
from towpath.environments.environment import Release, Site
from towpath.rendering import layout
from towpath.rendering.compose import product_user

# A new volume begins with the owner that its directory has in the image. One that a failed first
# deployment made, of an image that had none, belongs to root for ever.
_SCRIPT = """\
owner=$1
shift
for path; do
    test "$(stat --format=%u:%g "$path")" = "$owner" || chown -R "$owner" "$path"
done
"""
_NUMBERS = re.compile(r"\d+:\d+")
# What root needs for that, and nothing else of what root may.
RIGHTS = ("CHOWN", "DAC_READ_SEARCH")


def hand_over(site: Site, release: Release) -> None:
    """Give the volumes of a first deployment to the product's user; others are left alone.

    An image of the project's own decides for itself who owns what. Raises CommandFailedError.
    """
    config = site.workspace.config
    paths, owner = sorted(layout.volumes(config).values()), product_user(config)
    if not paths or not _NUMBERS.fullmatch(owner) or site.history.releases():
        return
    words = ["sh", "-c", _SCRIPT, "towpath", owner, *paths]
    argv = compose.run(site.project, "migrate", words, user="0:0", rights=RIGHTS)
    site.compose(argv, release)
