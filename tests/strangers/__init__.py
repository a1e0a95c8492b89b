"""Small projects of other people, as they are before Towpath comes in."""
