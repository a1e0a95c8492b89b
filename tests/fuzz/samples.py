"""Honest documents, which are spoilt in small ways: what a reader believes is near to these."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from tests import layers
from towpath.core.findings import ToolResult

FIXTURES = Path(__file__).parent.parent / "fixtures"
ROOT = FIXTURES.parent.parent
DIGEST = f"sha256:{'a' * 64}"
# Readers whose tool has another name.
_TOOLS = {
    "checkstyle": ("hadolint", "shellcheck"),
    "django": ("django-deploy-check", "migrations"),
    "pip_audit": ("pip-audit",),
    "secrets": ("detect-secrets",),
    "junit": ("pytest",),
    "probe": ("architecture", "requirements-drift"),
}
_DESCRIPTOR = {
    "mediaType": "application/vnd.oci.image.manifest.v1+json",
    "digest": DIGEST,
    "size": 7,
    "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"},
}
_MANIFEST = {"schemaVersion": 2, "config": _DESCRIPTOR, "layers": [_DESCRIPTOR]}
_CONFIG = {
    "os": "linux",
    "architecture": "amd64",
    "config": {"Labels": {"a": "b"}, "User": "1000"},
    "rootfs": {"type": "layers", "diff_ids": [DIGEST]},
}
_WHEEL = {
    **{"name": "a", "version": "1", "platform": "linux/arm64", "how": "reused, cross"},
    **{"seconds": 1.5, "file": "a-1-py3-none-any.whl", "sha256": "a" * 64, "source": "b" * 64},
    **{"size": 9, "pinned": "", "registry": ""},
}
_STATEMENT = {
    "_type": "https://in-toto.io/Statement/v1",
    "subject": [{"name": "source", "digest": {"gitCommit": "a" * 40, "gitTree": "b" * 40}}],
    "predicateType": "https://towpath.dev/evidence/v1",
    "predicate": {
        **{"stage": "lint", "status": "passed", "reason": "", "attempt": 1, "repeats": ""},
        **{"started": "2026-11-24T21:00:00Z", "duration": 1.5, "policy": "p", "inputs": "i"},
        **{"facts": {"issues": 0}, "tools": {"black": "1"}, "artifacts": {}, "carries": {}},
        "verdicts": [
            {
                **{"gate": "ISSUES", "stage": "lint", "status": "passed", "value": 0},
                **{"limit": 0, "direction": "at most", "reason": ""},
            }
        ],
    },
}
_SLSA = {
    "predicateType": "https://slsa.dev/provenance/v1",
    "subject": [{"digest": {"sha256": "a" * 64}}],
    "predicate": {
        "buildDefinition": {
            "resolvedDependencies": [
                {"uri": "docker-image://x", "annotations": {"layers": {"linux/amd64": [DIGEST]}}}
            ]
        }
    },
}
_SPDX = {
    "spdxVersion": "SPDX-2.3",
    "packages": [
        {"name": "django", "SPDXID": "1", "versionInfo": "5"},
        {"name": "i", "SPDXID": "2", "checksums": [{"checksumValue": "a" * 64}]},
    ],
    "documentDescribes": ["2"],
    "relationships": [{"relationshipType": "DESCRIBES", "relatedSpdxElement": "2"}],
}
_FOUND = {
    **{"VulnerabilityID": "CVE-1", "PkgName": "p", "InstalledVersion": "3", "Title": "t"},
    **{"Severity": "LOW", "Layer": {"DiffID": DIGEST}},
}
_TRIVY = {
    "Metadata": {"OS": {"Family": "debian", "EOSL": False}},
    "Results": [{"Class": "os-pkgs", "Vulnerabilities": [_FOUND]}],
}
_PLAN = {
    **{"vendor": "postgresql", "leaves": ["app.0001"], "empty": True, "unknown": []},
    **{"hash": "abc", "conflicts": [["a.b", "a.c"]]},
    "pending": [
        {"name": "a.b", "do": [{"kind": "AddField", "after": {"null": True}, "options": {}}]}
    ],
}
_BUILT = {
    "app": {
        "containerimage.digest": DIGEST,
        "buildx.build.provenance/linux/amd64": {
            "buildDefinition": {"resolvedDependencies": [{"uri": "u", "digest": {"sha256": "a"}}]}
        },
    }
}
_REPORT = {
    **{"schema": "1", "run": "1", "timestamp": "t", "commit": "c", "branch": "b", "version": "1"},
    **{"status": "passed", "duration": 1.0},
    "stages": {"test": {"status": "passed", "duration": 1.0, "sizes": {"a": 1}, "saved": 1.0}},
}
_SETTINGS = {
    **{"name": "app", "registry": "localhost:5000", "platforms": ["linux/amd64"], "absent": []},
    **{"gates": {"COVERAGE": 85}, "branches": {"main": "test"}, "evidence-days": 30},
    "environments": {"staging": {"port": 8001}},
    "image": {"registry-wheels": "always", "targets": ["production"]},
    "waivers": [{"id": "CVE-1", "reason": "r", "expires": "2030-01-01"}],
}
_JSON: Mapping[str, tuple[object, ...]] = {
    "oci": (_MANIFEST, {"manifests": [_DESCRIPTOR]}, _CONFIG, {"subject": _DESCRIPTOR}),
    "record": ({"base": DIGEST, "wheels": [_WHEEL]},),
    "statement": (_STATEMENT,),
    "fields": (_STATEMENT["predicate"], _STATEMENT["subject"]),
    "provenance": (_SLSA,),
    "spdx": (_SPDX,),
    "trivy": (_TRIVY,),
    "reader": (_PLAN, {"applied": ["a.b"]}),
    "buildx": (_BUILT, {"DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]]}),
    "builders": (
        {"Architecture": "x86_64", "OSType": "linux", "ServerErrors": None},
        [{"name": "a", "platforms": ["linux/arm64"], "endpoint": "ssh://a"}],
    ),
    "engine_images": ({"Repository": "a", "Tag": "b", "Digest": DIGEST, "ID": DIGEST},),
    "compose": ({"services": {"web": {"image": "a"}, "app": {"build": {"context": "."}}}},),
    "benchmark": (
        {
            "benchmarks": [
                {
                    "name": "a",
                    "stats": {"min": 1.0},
                    "extra_info": {"reference": 2.0, "measure": "m"},
                }
            ]
        },
    ),
    "secrets": ({"results": {"a": [{"type": "t", "hashed_secret": "h", "is_secret": False}]}},),
    "pip_audit": (
        {
            "dependencies": [
                {
                    "name": "a",
                    "version": "1",
                    "vulns": [{"id": "CVE-1", "aliases": [], "description": ""}],
                }
            ]
        },
    ),
    "statements": ({"statements": [_STATEMENT]},),
    "advisories_file": ({"$meta": {"base_domain": "x", "timestamp": 1764000000}, "a": []},),
    "errors": ({"errors": [{"code": "DENIED", "message": "no"}]},),
    "pages": ({"tags": ["a", "b"]},),
    "token": ({"token": "abc"},),
    "docker_config": (
        {"auths": {"registry.example:5000": {"auth": "YTpi"}}, "credHelpers": {"x": "y"}},
    ),
    "credential_helper": ({"Username": "a", "Secret": "b"},),
    "docker_context": (
        {"currentContext": "far"},
        {"Endpoints": {"docker": {"Host": "tcp://a:1", "SkipTLSVerify": True}}},
    ),
    "settings_table": (_SETTINGS,),
    "pipeline_report": (_REPORT,),
    "history": ({"releases": [{"digest": DIGEST}], "migrations": [{"name": "a"}]},),
    "journal": ({"step": "start", "phase": "begin"},),
    "upload_place": ({"place": "http://a/b"},),
    "cache_made": ({"records": [{"layers": [{"createdAt": "2026-11-24T21:00:00Z"}]}]},),
    "advisory": ({"id": "a", "package": "p", "version": "1", "severity": "high", "summary": ""},),
}
_TEXT: Mapping[str, tuple[str, ...]] = {
    "haproxy": (
        "1\n# be_id be_name srv_name srv_op_state srv_admin_state srv_fqdn\n3 a w 2 68 h\n\n"
        "# pxname,svname,qcur,scur,status,econ,eresp,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,"
        "hrsp_5xx,hrsp_other,\na,w,0,2,UP 1/3,1,0,0,90,0,5,4,0,\n\n",
    ),
    "debian": (
        "Package: a\nStatus: install ok installed\nVersion: 1:2.3~rc1-4+deb12u1\n\n"
        "Package: b\nVersion: 2\n\n",
        "1:2.3~rc1-4",
    ),
    "distributions": ("Metadata-Version: 2.1\nName: a\nVersion: 1\n\nwords\n",),
    "wheels": (
        '[[packages]]\nname = "a"\nversion = "1"\nmarker = "os_name == \'posix\'"\n'
        'wheels = [{url = "https://x/a-1-py3-none-any.whl", hashes = {sha256 = "aa"}}]\n',
        f'a==1 ; python_version < "3.13" \\\n    --hash=sha256:{"a" * 64}\n',
        "a-1-cp312-cp312-manylinux_2_28_aarch64.whl",
    ),
    "switches": (
        "[tool.pytest.ini_options]\naddopts = ['-k', 'not slow']\n[tool.mypy]\nx = 1\n",
        "[flake8]\nexclude = a\n[mypy-a.*]\nignore_errors = true\n",
    ),
    "dockerfile": (
        "# syntax=docker/dockerfile:1\nARG A=1 B=${A:-2}\nFROM --platform=x a:${A%%.*} AS b\n"
        "RUN <<EOF\nx\nEOF\nFROM b AS c\nCOPY --from=b a \\\n  b\n",
    ),
    "dockerfile_words": ("a\"b$c\"'d'${e:-${f#*.}}\\g", "${a/b*/c} ${a%%?}"),
    "headers": (
        'Bearer realm="https://a/token",service="a", Basic realm="b", Negotiate abc==',
        '</v2/a/tags/list?n=1&last=b>; rel="next", <b>; rel=prev',
    ),
    "urls": ("https://a.example:5000/v2/?x=1", "//b/c", "http://[::1]:5000/"),
    "errors": ("Wed, 21 Oct 2026 07:28:00 GMT", "120"),
    "http_answer": (
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: y\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nok\r\n0\r\nT: x\r\n\r\n",
    ),
    "buildx": (
        '#1 [internal] load\n#2 [app 1/2] RUN x\n#2 0.123 words\n#2 ERROR: process "x" did not\n'
        'ERROR: lease "x": not found\n',
    ),
    "compose": ("image: ${A:?why} $${B:?no}\n",),
    "health": (
        "ID:\ta\nCreated at:\t2026-11-14 21:00:00.5 +0000 UTC\nTotal:\t1.5GB\n",
        "Platforms: linux/amd64*, linux/arm64\n",
        "github.com/docker/buildx v0.24.0 d0e5e86c8b88",
    ),
    "processes": ("12 (a b) S 1 1 1 0 -1 4194560 1 1 1 1 1 1 1 1 20 0 1 0 9 1 1", "12 9 boot"),
    "builders": ("arm=linux/arm64@ssh://a,b=linux/amd64",),
    "settings_file": ('[project]\nname = "a"\n[tool.towpath]\nname = "a"\nplatforms = []\n',),
    "thresholds": ("fail_under = 85\n",),
    "release": ("",),
    "junit": (
        '<testsuites><testsuite tests="1" failures="0" errors="0"><testcase classname="a"'
        ' name="b"/></testsuite></testsuites>',
    ),
    "xml_report": (
        '<testsuite tests="1" failures="1" errors="0"><testcase classname="a" name="b"><failure/>'
        "</testcase></testsuite>",
        '<!DOCTYPE a [<!ENTITY b "c">]><checkstyle><file name="a"/>&b;</checkstyle>',
    ),
}


@cache
def texts(module: str) -> tuple[str, ...]:
    """Return the honest texts of a module or a door, by the last part of its name."""
    found = [json.dumps(row) for row in _JSON.get(module, ())]
    found += _TEXT.get(module, ())
    found += [text for ran in rans(module) for text in (ran.stdout, ran.stderr)]
    if module in ("requirements", "pins", "requirement_lines"):
        found += [(ROOT / "requirements" / f"uv.{end}").read_text() for end in ("in", "txt")]
    if module == "release":
        found = [(FIXTURES / "archive" / "InRelease").read_text(errors="replace")[:6000]]
    return tuple(text[:60_000] for text in found) or ("{}", "a: b\n")


@cache
def rans(module: str) -> tuple[ToolResult, ...]:
    """Return what the tools of a reader said when they were run."""
    found = []
    for tool in _TOOLS.get(module, (module,)):
        file = FIXTURES / "said" / f"{tool}.json"
        rows = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        found += [
            ToolResult(row["code"], row["stdout"], row["stderr"], row["files"])
            for row in rows.values()
            if isinstance(row, dict) and "stdout" in row
        ]
    return tuple(found)


@cache
def archives(kind: str) -> tuple[bytes, ...]:
    """Return whole archives: layers of an image, or wheels."""
    if kind == "zip":
        return (layers.wheel({"a/b.py": b"x", "a/c.so": layers.program(62)}),)
    status = _TEXT["debian"][0].encode()
    files = {
        "var/lib/dpkg/status": status,
        "usr/lib/os-release": b'ID=debian\nVERSION_CODENAME="trixie"\n',
        "opt/a-1.dist-info/METADATA": _TEXT["distributions"][0].encode(),
        "usr/bin/a": layers.program(183),
        "opt/.wh.b": b"",
        f"opt/{'long' * 60}": b"x",
    }
    return (layers.layer(files), *(layers.strange(files)))
