"""Small Django projects like those that people have, for the end-to-end tests."""
