"""A ContainerSpec in podman's two languages: command arguments and REST body. Pure."""
