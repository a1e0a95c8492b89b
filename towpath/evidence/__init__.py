"""What was proven of a commit or an image: statements, where they are kept, when they count again."""
