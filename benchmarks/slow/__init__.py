"""What slow clients do to everybody else, measured at an environment that is deployed."""
