"""The ports: what the core asks of the world, and the contract of each answer.

An implementation promises what the docstrings say; `lanekit.contract` checks it. Every method is
safe to call from several threads, returns within a bounded time, and returns a Failure when
something of the outside world went wrong. Only bugs raise. Nobody closes anything: an adapter
that keeps connections or files open releases them by itself.
"""
