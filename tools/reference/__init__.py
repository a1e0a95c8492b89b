"""The reference in docs/reference: generated from the code, and compared with it by a unit test."""
