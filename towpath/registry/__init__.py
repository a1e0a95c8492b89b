"""Images in a registry: their names and tags, copies, attachments, further registries."""
