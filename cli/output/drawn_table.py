"""Tables that rich draws. Imported on a terminal only, because rich costs 40 ms."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text


def print_drawn_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table on a terminal."""
    Console().print(drawn_table(head, rows))


def drawn_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Return a table for a terminal."""
    table = Table(*head, box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for row in rows:
        table.add_row(*map(Text, row))
    return table
