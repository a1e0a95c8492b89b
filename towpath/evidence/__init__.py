"""Evidence about a commit or an image: statements, their storage, and when they are valid."""
