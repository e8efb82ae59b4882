"""The fleet file (lanes.toml): read, checked, and its faults found by line."""
