"""Deploy a release to an environment without losing a request, or undo the deployment."""
