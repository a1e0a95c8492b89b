"""What was proven of a commit or an image: statements, their storage, and when they count."""
