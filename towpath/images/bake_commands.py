"""What we ask of `buildx bake`: several targets in one go, as a definition and an argv. Pure.

Source: Docker's Bake file reference (https://docs.docker.com/build/bake/reference/).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Argv = list[str]
PREFIX = "org.opencontainers.image."
# A definition may read files outside the project, our certificates, without a question (buildx
# 0.20 asks otherwise): it is our own, written for this one build.
ENV = {"BUILDX_BAKE_ENTITLEMENTS_FS": "0"}


@dataclass(frozen=True)
class BakeTarget:
    """One image of a build: a stage of the Dockerfile, or a Dockerfile of its own in `inline`.

    With `push` it goes to the registry as `name`, else it stays in the engine. `ca_file` is the
    host's bundle of certificates, given as a build secret. `wheels` is a directory in the place of
    the Dockerfile's stage of that name. Caches are written as buildx wants them. What becomes a
    part of an index is not `annotated`: its index is.
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

    def as_json(self) -> dict[str, Any]:
        """Return the target as a definition writes it."""
        body: dict[str, Any] = {"context": ".", "platforms": list(self.platforms)}
        body |= {"dockerfile-inline": self.inline} if self.inline else {"target": self.stage}
        body |= {"args": dict(self.arguments)} if self.arguments else {}
        body |= {"labels": dict(self.labels)} if self.labels else {}
        body |= {"secret": [f"id=ca,src={self.ca_file}"]} if self.ca_file else {}
        body |= {"contexts": {"wheels": self.wheels}} if self.wheels else {}
        body |= {"cache-from": list(self.cache_from)} if self.cache_from else {}
        body |= {"cache-to": list(self.cache_to)} if self.cache_to else {}
        return body | {"output": [self._output()]}

    def _output(self) -> str:
        """Return where the image goes, as one line of CSV.

        The labels that OCI knows are annotations too: of the index, or of the only manifest.
        """
        # BuildKit takes `push=` for true. Of `push=true` buildx with Docker's own builder makes a
        # second push, by the engine, of what BuildKit has just pushed.
        level = "annotation-index" if len(self.platforms) > 1 else "annotation"
        given = index_annotations(self.labels) if self.push and self.annotated else {}
        # What is pushed is started from the registry; unpacking it here would be for nobody.
        cells = ["type=image", "push=", "unpack=false"] if self.push else ["type=docker"]
        cells += ["oci-mediatypes=true", f"name={self.name}"]
        cells += [f"{level}.{key}={value}" for key, value in given.items()]
        return ",".join(map(cell, cells))


def index_annotations(labels: Mapping[str, str]) -> dict[str, str]:
    """Return the labels that OCI knows, which an index says too."""
    return {key: value for key, value in labels.items() if key.startswith(PREFIX) and value}


def definition(targets: Mapping[str, BakeTarget]) -> str:
    """Return the definition of these targets, keyed by name, as JSON."""
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
    """Build these targets of a definition at once.

    buildx' own attestations are left out: they carry the time of the build, so that one commit
    would have a new digest each time.
    """
    argv = ["docker", "buildx", "bake", f"--file={definition_file}"]
    argv += ["--progress=plain", "--provenance=false", "--sbom=false"]
    argv += [f"--metadata-file={metadata_file}"]
    argv += [f"--builder={builder}"] if builder else []
    argv += ["--no-cache"] if no_cache else []
    return [*argv, *names]


def cell(text: str) -> str:
    """Return a field of CSV, quoted where it has to be (RFC 4180)."""
    quoted = text.replace('"', '""')
    return f'"{quoted}"' if set(text) & set(',"\n') else text


def _literal(value: Any) -> Any:
    """Return a value of a definition in which no text is read as a template of HCL."""
    if isinstance(value, str):
        return value.replace("${", "$${").replace("%{", "%%{")
    if isinstance(value, list):
        return [_literal(row) for row in value]
    if isinstance(value, dict):
        return {key: _literal(row) for key, row in value.items()}
    return value
