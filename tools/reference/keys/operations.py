"""The keys of where releases run and images are built, and who is told."""

from __future__ import annotations

from tools.reference.keys.schemas import (
    COUNT,
    FILLED,
    FROM_ONE,
    HOST,
    PAGE,
    SMOKE,
    TEXT,
    TEXTS,
    TLS,
    VALUES,
    VARIABLE,
    between,
)
from tools.reference.table import Key, Table
from towpath.config import (
    Environment,
    builders,
    monitoring,
    names,
    notify,
)
from towpath.config.builders import BuilderNode
from towpath.config.monitoring import Monitoring

TABLES = (
    Table(
        "monitoring",
        "Prometheus and Alertmanager beside an environment. See"
        " [monitoring](../../monitoring.md#prometheus).",
        (
            Key(
                "interval",
                between(monitoring.INTERVALS),
                "Seconds between two readings of every container; then the alerts are judged.",
                5,
            ),
            Key("days", between(monitoring.DAYS), "Days for which the figures are kept.", 30),
            Key(
                "webhook-env",
                VARIABLE,
                "The variable that has the address of a webhook: Alertmanager delivers to it.",
                "ALERTS_WEBHOOK",
            ),
            Key(
                "notify",
                TEXTS,
                "Names of targets of notifications that Alertmanager sends alerts to, with the"
                " secrets that these have.",
                ["team"],
            ),
        ),
        Monitoring,
    ),
    Table(
        "notify.NAME",
        "A target of [notifications](../../notifications.md). Its secrets are in variables.",
        (
            Key("kind", {"enum": list(notify.KINDS)}, "Where messages go.", "slack"),
            Key(
                "events",
                {"type": "array", "items": {"enum": list(notify.EVENTS)}, "minItems": 1},
                "Which events are sent.",
                ["failed", "recovered"],
            ),
            Key(
                "where",
                {"enum": list(notify.WHERE)},
                "In CI runs of a branch or tag (`branches`), or on people's machines and in pull"
                " requests too (`everywhere`). Without it: `branches`.",
                "everywhere",
            ),
            Key(
                "url-env", VARIABLE, "The variable that has the webhook's address.", "SLACK_WEBHOOK"
            ),
            Key("token-env", VARIABLE, "The variable that has the bot's token.", "SLACK_TOKEN"),
            Key(
                "secret-env", VARIABLE, "The variable that has the key for signatures.", "HOOK_KEY"
            ),
            Key("password-env", VARIABLE, "The variable that has the mail password.", "MAIL_ENTRY"),
            Key("channel", FILLED, "The channel that Slack's bot writes to.", "#builds"),
            Key("host", FILLED, "The mail server.", "mail.example.org"),
            Key(
                "port",
                {"type": "integer", "minimum": 1, "maximum": 65535},
                "The port of the mail server. Without it: 587.",
                587,
            ),
            Key("user", TEXT, "The user at the mail server. Without it: no login.", "towpath"),
            Key("sender", FILLED, "The address that mail comes from.", "towpath@example.org"),
            Key(
                "recipients",
                {**TEXTS, "minItems": 1},
                "The addresses that get mail.",
                ["team@example.org"],
            ),
        ),
        sample="team",
    ),
    Table(
        "environments.NAME",
        "An environment that releases run in. Its name has the form of `name`. These names are"
        f" reserved: {', '.join(f'`{name}`' for name in sorted(names.TAKEN))}.",
        (
            Key(
                "port",
                {"type": "integer", "minimum": 0, "maximum": 65535},
                "The port of the proxy on this machine. With 0 the environment has no proxy, and"
                " nothing can be deployed to it.",
                8081,
            ),
            Key(
                "engine",
                TEXT,
                "The Docker engine that the environment runs on: ssh://USER@HOST[:PORT][/SOCKET],"
                " tcp://HOST:PORT, unix:///SOCKET or the name of a context of Docker. Empty for"
                " this machine's. `TOWPATH_ENGINE_PRODUCTION` replaces it for `production`.",
                "ssh://deploy@server.example.org",
            ),
            Key(
                "bind",
                TEXT,
                "The IP address of the engine's machine that the port is published on."
                " `TOWPATH_BIND` replaces it.",
                "0.0.0.0",  # nosec B104: an example
            ),
            Key("replicas", FROM_ONE, "How many containers of the web service run.", 2),
            Key(
                "host",
                HOST,
                "The Host of our own requests: one that the product's ALLOWED_HOSTS has.",
                "shop.example.org",
            ),
            Key(
                "health",
                PAGE,
                "A path that answers 200 when a container can work. Without it any answer below"
                " 500 at `/` will do.",
                "/up",
            ),
            Key(
                "smoke",
                SMOKE,
                "Pages that each new container has to answer before it gets requests, and the"
                " environment after: a path, or a table with `path`, `status` and `text`. Without"
                " `status` any below 500 will do.",
                ["/", {"path": "/accounts/login/", "status": 200, "text": "Log in"}],
            ),
            Key(
                "bake",
                COUNT,
                "How many seconds new containers are watched while they answer requests.",
                30,
            ),
            Key(
                "drain",
                COUNT,
                "How many seconds open requests have to end before a container stops.",
                60,
            ),
            Key(
                "healthy",
                FROM_ONE,
                "How many healthy answers in a row a new container has to give.",
                5,
            ),
            Key(
                "wait",
                COUNT,
                "How many seconds a command waits while another one deploys there; with 0 it ends"
                " with exit code 8 at once. `--wait` of `invoke deploy` and `invoke rollback`"
                " replaces it.",
                300,
            ),
            Key(
                "deadline",
                COUNT,
                "How many seconds new containers have to become healthy.",
                120,
            ),
            Key(
                "monitor",
                COUNT,
                "How many seconds the stage `monitor` of the pipeline watches production after"
                " its verification; with 0 there is no such stage. In every environment it is"
                " also how long `invoke monitor` watches. See [monitoring](../../monitoring.md).",
                300,
            ),
            Key(
                "monitor-rollback",
                {"type": "boolean"},
                "Whether the pipeline rolls production back when a gate of the stage `monitor`"
                " fails.",
                False,
            ),
            Key(
                "hosts",
                {"type": "array", "items": HOST},
                "The names that users type: the product accepts them (`{hosts}`), unless"
                " TOWPATH_HOSTS names others.",
                ["shop.example.com", "www.example.com"],
            ),
            Key(
                "sticky",
                {"type": "boolean"},
                "Whether all requests of one user go to one container, by a cookie. When that"
                " container is replaced they go to another.",
                True,
            ),
            Key(
                "tls",
                TLS,
                "How the proxy answers by https: PEM files of the certificate with its chain and of"
                " its key, on the machine that deploys; the `port` (443), a port that redirects"
                " http (`redirect`, 80, 0 for none), and seconds for which browsers may use https"
                " only (`hsts`, 0). See [TLS](../../tls.md).",
                {"certificate": "/etc/ssl/shop/fullchain.pem", "key": "/etc/ssl/shop/key.pem"},
            ),
        ),
        Environment,
        "staging",
        ours=("name",),
    ),
    Table(
        "builders.PLATFORM",
        "A machine that builds one platform instead of this machine. A string instead of a table is"
        " its `endpoint`. The variable `TOWPATH_BUILDERS` replaces the tables of all platforms. See"
        " [builders](../../builders.md).",
        (
            Key(
                "endpoint",
                {"type": "string", "pattern": f"^({'|'.join(builders.SCHEMES)})://."},
                "How the machine is reached: `ssh://user@host`, `tcp://host:port` or"
                " `kubernetes://namespace`.",
                "tcp://builder.example.org:2376",
            ),
            Key(
                "ca",
                TEXT,
                "The file with the certificate of the authority that signed the machine's own."
                " Only for `tcp://`, together with `cert` and `key`.",
                "certs/ca.pem",
            ),
            Key("cert", TEXT, "The file with our certificate.", "certs/cert.pem"),
            Key("key", TEXT, "The file with the key of our certificate.", "certs/key.pem"),
            Key(
                "options",
                VALUES,
                "Options of the BuildKit driver. Only for `kubernetes://`.",
                {"nodeselector": "kubernetes.io/arch=arm64"},
            ),
        ),
        BuilderNode,
        "linux/arm64",
        ours=("platform",),
    ),
)
