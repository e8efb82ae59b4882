"""The command `lanekit`: options, output, signals, and one module for each command.

`app` loads the module of the command that is called, and no other (ADR 8).
"""
