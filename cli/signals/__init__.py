"""Ctrl-C and SIGTERM: when they interrupt, and how a wait notices them."""
