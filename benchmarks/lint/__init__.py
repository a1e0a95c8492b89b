"""How long lint takes, beside the same tools one after another."""
