"""Podman: what its command and its REST service have in common."""
