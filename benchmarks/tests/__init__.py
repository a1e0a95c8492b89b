"""The tests of the whole matrix, against the same sessions one after another in one process."""
