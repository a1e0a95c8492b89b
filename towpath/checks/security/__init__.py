"""Security checks: weaknesses in the code, advisories for dependencies, secrets in files."""
