"""The command line and the definition file of `buildx bake`, for several targets at once. Pure.

Source: Docker's Bake file reference (https://docs.docker.com/build/bake/reference/).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Argv = list[str]
PREFIX = "org.opencontainers.image."
# Let the definition read files outside the project (the certificate bundle) without a prompt, as
# buildx 0.20 and later show one. The definition is generated for this one build.
ENV = {"BUILDX_BAKE_ENTITLEMENTS_FS": "0"}


@dataclass(frozen=True)
class BakeTarget:
    """One image of a build: a stage of the Dockerfile, or a Dockerfile of its own in `inline`.

    With `push` it is pushed to the registry as `name`, else it stays in the engine. `ca_file` is
    the host's certificate bundle, passed as a build secret. `wheels` is a directory that replaces
    the Dockerfile's stage of that name; `dockerfile` is its path in the project. `cache_from` and
    `cache_to` are values of buildx's options of these names. A part of a joined index is not
    `annotated`; the index is.
    """

    stage: str
    name: str
    platforms: tuple[str, ...]
    arguments: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    inline: str = ""
    ca_file: str = ""
    push: bool = True
    wheels: str = ""
    cache_from: tuple[str, ...] = ()
    cache_to: tuple[str, ...] = ()
    annotated: bool = True
    dockerfile: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the target as an entry of a bake definition."""
        # A stage without a name cannot be named; it is the last one, which is built without a name.
        stage = "" if self.stage.isdecimal() else self.stage
        file = {"dockerfile": self.dockerfile, "target": stage}
        body: dict[str, Any] = {"dockerfile-inline": self.inline} if self.inline else dict(file)
        body |= {"args": dict(self.arguments), "labels": dict(self.labels)}
        body |= {"secret": [f"id=ca,src={self.ca_file}"] if self.ca_file else []}
        body |= {"contexts": {"wheels": self.wheels} if self.wheels else {}}
        body |= {"cache-from": list(self.cache_from), "cache-to": list(self.cache_to)}
        filled = {key: value for key, value in body.items() if value}
        fixed = {"context": ".", "platforms": list(self.platforms), "output": [self._output()]}
        return fixed | filled

    def _output(self) -> str:
        """Return the value of the `output` option, as one line of CSV.

        OCI labels become annotations too: of the index, or of the only manifest.
        """
        # BuildKit reads an empty `push=` as true. With `push=true`, buildx with the `docker`
        # driver pushes a second time, through the engine.
        level = "annotation-index" if len(self.platforms) > 1 else "annotation"
        annotations = index_annotations(self.labels) if self.push and self.annotated else {}
        # Pushed images are pulled from the registry; nothing needs an unpacked copy here.
        cells = ["type=image", "push=", "unpack=false"] if self.push else ["type=docker"]
        cells += ["oci-mediatypes=true", f"name={self.name}"]
        cells += [f"{level}.{key}={value}" for key, value in annotations.items()]
        return ",".join(map(cell, cells))


def index_annotations(labels: Mapping[str, str]) -> dict[str, str]:
    """Return the labels with OCI's prefix, which become annotations of the index too."""
    return {key: value for key, value in labels.items() if key.startswith(PREFIX) and value}


def definition(targets: Mapping[str, BakeTarget]) -> str:
    """Return the bake definition of these targets, keyed by name, as JSON."""
    body = {"target": {name: _literal(target.as_json()) for name, target in targets.items()}}
    return json.dumps(body, indent=1, sort_keys=True)


def bake(
    names: Iterable[str],
    *,
    definition_file: str,
    metadata_file: str,
    builder: str = "",
    no_cache: bool = False,
) -> Argv:
    """Return the command that builds these targets of a definition at once.

    buildx's own attestations are switched off: they contain the time of the build, so that one
    commit would get a new digest each time.
    """
    argv = ["docker", "buildx", "bake", f"--file={definition_file}"]
    argv += ["--progress=plain", "--provenance=false", "--sbom=false"]
    argv += [f"--metadata-file={metadata_file}"]
    argv += [f"--builder={builder}"] if builder else []
    argv += ["--no-cache"] if no_cache else []
    return [*argv, *names]


def cell(text: str) -> str:
    """Return a CSV field, quoted where necessary (RFC 4180)."""
    quoted = text.replace('"', '""')
    return f'"{quoted}"' if set(text) & set(',"\n') else text


def _literal(value: Any) -> Any:
    """Return a value of a definition with HCL templates escaped."""
    if isinstance(value, str):
        return value.replace("${", "$${").replace("%{", "%%{")
    if isinstance(value, list):
        return [_literal(row) for row in value]
    if isinstance(value, dict):
        return {key: _literal(row) for key, row in value.items()}
    return value
