"""What we ask of the engine about its images."""

from __future__ import annotations

from towpath.environments import engine_images_commands as images


def test_only_one_repository_is_listed() -> None:
    """With digests, and with those images that have no tag."""
    argv = images.listed("localhost:5000/a")

    assert argv[:3] == ["docker", "image", "ls"]
    assert set(argv[3:]) == {
        "--all",
        "--digests",
        "--no-trunc",
        "--format=json",
        "--filter=reference=localhost:5000/a",
    }


def test_nothing_is_removed_by_force() -> None:
    """The engine refuses what a container uses."""
    assert images.remove("a:b") == ["docker", "image", "rm", "a:b"]
