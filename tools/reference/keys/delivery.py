"""The keys of what is delivered: the image, its proxy, how far a branch goes."""

from __future__ import annotations

from tools.reference.keys.schemas import COUNT, PACKAGES, TEXT, TEXTS
from tools.reference.table import Key, Table
from towpath.config import (
    REACHES,
    Dashboard,
    ImageSettings,
    images,
)
from towpath.config.model import ProxySettings

TABLES = (
    Table(
        "image",
        "What the image needs besides Python packages.",
        (
            Key(
                "build-packages",
                PACKAGES,
                "Debian packages that are needed to compile dependencies.",
                ["libpq-dev"],
            ),
            Key(
                "run-packages",
                PACKAGES,
                "Debian packages that the product needs when it runs.",
                ["libpq5"],
            ),
            Key(
                "dockerfile",
                TEXT,
                "The project's own Dockerfile. Without it one is rendered.",
                "docker/Dockerfile",
            ),
            Key("target", TEXT, "The stage of that Dockerfile that is the product.", "app"),
            Key(
                "user",
                {"type": "string", "pattern": "^([0-9]+(:[0-9]+)?)?$"},
                "Whom the product runs as. Without it: 10001, or the user of the own image.",
                "1000:1000",
            ),
            Key(
                "python",
                {"type": "string", "pattern": "^3\\.[0-9]{1,2}$"},
                "The Python of the image.",
                "3.12",
            ),
            Key("code", TEXT, "The directory whose files are in the image.", "src"),
            Key(
                "requirements",
                TEXT,
                "The file of the product's requirements. Without it a lock file or the usual"
                " files are looked for.",
                "requirements/prod.txt",
            ),
            Key(
                "groups",
                TEXTS,
                "Groups of the lock file that production needs besides its own dependencies.",
                ["server"],
            ),
            Key("extras", TEXTS, "Extras of the lock file that production needs.", ["s3"]),
            Key(
                "extra",
                TEXTS,
                "Requirements that are compiled with the project's own, such as a web server.",
                ["gunicorn"],
            ),
            Key(
                "assets",
                TEXT,
                "A command of a shell that makes static files with node, in a stage of its own. It"
                " is run in the directory `code`, and every file that it leaves but `node_modules`"
                " is in the image.",
                "npm ci && npm run build",
            ),
            Key(
                "stages",
                TEXT,
                "A file with further stages, which the rendered Dockerfile gets before its last"
                " one: `testing` for `invoke debug.tests`, or any other.",
                "stages.dockerfile",
            ),
            Key(
                "node",
                {"type": "string", "pattern": "^[0-9]{1,3}(\\.[0-9]{1,3}){0,2}$"},
                "The version of node for `assets`: the image `node:VERSION-slim`.",
                "22",
            ),
            Key(
                "static",
                {"type": "boolean"},
                "Whether static files are collected when the image is built.",
                False,
            ),
            Key(
                "static-commands",
                TEXTS,
                "Management commands that run after that, such as `compress` of django-compressor.",
                ["compress"],
            ),
            Key(
                "registry-wheels",
                {"enum": list(images.REGISTRY_TRUST)},
                "Whether compiled wheels from a registry are used: always, only where this machine"
                " logged in, or never. See [wheels](../../wheels.md).",
                "never",
            ),
            Key(
                "registry-cache",
                {"enum": list(images.REGISTRY_TRUST)},
                "Whether a build cache from a registry is used: always, only where this machine"
                " logged in, or never. See [registries](../../registries.md).",
                "never",
            ),
        ),
        ImageSettings,
    ),
    Table(
        "proxy",
        "What the proxy lets through to the product.",
        (
            Key(
                "file",
                TEXT,
                "The project's own settings of HAProxy, as `eject proxy` writes them.",
                "haproxy.cfg",
            ),
            Key(
                "body-limit",
                COUNT,
                "How many bytes the body of a request may have; 0 for any number.",
                1048576,
            ),
            Key(
                "upgrade",
                {"type": "boolean"},
                "Whether connections may change to another protocol, as WebSockets do.",
                False,
            ),
        ),
        ProxySettings,
    ),
    Table(
        "dashboard",
        "The dashboard that gets the report of every run. The token is in the variable"
        " `TOWPATH_DASHBOARD_TOKEN`, else in the secrets of the environment.",
        (
            Key("url", TEXT, "The address of the dashboard.", "https://releases.example.org"),
            Key(
                "environment",
                TEXT,
                "The environment that runs the dashboard, instead of an address.",
                "staging",
            ),
            Key("health", TEXT, "The path at which `invoke health` asks it.", "/up"),
        ),
        Dashboard,
    ),
    Table(
        "branches",
        "How far a run in CI goes. The first pattern that matches wins; `*` matches any text. A"
        " pattern such as `tag:v*` is for tags. If the table is missing, `main` goes to `test` and"
        " every other branch to `scan`. See [CI](../../ci.md#how-far-a-run-goes).",
        (
            Key(
                "PATTERN",
                {"enum": list(REACHES)},
                "The last stage for branches or tags whose name matches the pattern.",
                "release",
            ),
        ),
        sample="release/*",
    ),
)
