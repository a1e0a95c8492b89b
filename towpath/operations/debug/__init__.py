"""Finding out why something broke: a build, a shell, tests, the database, a registry."""
