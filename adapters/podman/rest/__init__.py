"""The engine that talks to podman's REST service over its socket."""
