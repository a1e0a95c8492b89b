"""What may move to the next stage, and why: one pure rule, and the act that moves a tag."""
