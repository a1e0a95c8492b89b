"""Programs that run inside the product's container: they import Django, and nothing of ours."""
