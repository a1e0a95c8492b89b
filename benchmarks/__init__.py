"""Side by side with what others do, in one run on one machine: ratios, not records."""
