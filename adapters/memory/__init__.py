"""The in-memory engine: it behaves as podman does, and plays faults on demand."""
