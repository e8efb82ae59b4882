"""The version of the installed package. A module of its own: to read it costs 20 ms."""

from importlib.metadata import version

__version__ = version("lanekit")
"""The version of the installed package."""
