"""How long an image takes to another name or another registry: ours, skopeo, buildx, docker."""
