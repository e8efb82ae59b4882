"""The engine that runs the podman command."""
