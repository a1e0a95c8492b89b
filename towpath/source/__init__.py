"""What is checked and built: the commit, its files, copies of it, and the Pythons it supports."""
