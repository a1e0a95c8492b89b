"""The client of image registries: exact bytes in, exact bytes out, every digest checked.

Source: OCI distribution spec 1.1 (https://github.com/opencontainers/distribution-spec).

`oras` was tried and not taken: it has no timeouts, reads a blob into memory to send it, neither
resumes nor mounts, checks no digest, and tries a 500 again for two minutes.
"""

from towpath.registry.client.client import RegistryClient

__all__ = ["RegistryClient"]
