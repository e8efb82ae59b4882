"""What the command prints: text, tables, progress and JSON."""
