"""Values and decisions: pure functions of plain data. No port, no thread, no I/O."""
