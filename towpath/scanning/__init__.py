"""What is in an image, and which known weaknesses it has."""
