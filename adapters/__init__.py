"""The drivers behind the ports of `lanekit.core.ports`."""
