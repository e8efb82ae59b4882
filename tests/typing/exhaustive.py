"""What type checkers have to prove about lanekit's public types: mypy and basedpyright read it.

Nothing here runs. A new error kind without a case here, or a lost type, fails both checkers.
"""
