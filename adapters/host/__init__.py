"""This host: files, processes, terminals, locks, the clock, and git."""
