"""The core: what lanekit decides, and the use cases that decide it.

`domain` holds values and decisions, `ports` the Protocols of everything outside, `application` the
use cases that call ports. import-linter proves that the arrows run that way only.
"""
