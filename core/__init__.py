"""The pure core: values in, values out.

Rules of this package, proved by import-linter: no I/O module, no adapter, no word of podman's
(stderr text, HTTP status, JSON key). `ensure` and `ready` are the only modules that call a port.
"""
