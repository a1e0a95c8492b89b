"""Images as they are built: what is asked for, where, by what, and what came out."""
