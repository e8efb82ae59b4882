"""The fleet file (lanes.toml): load it, check it, and find its errors by line."""
