"""Tables on the terminal; rich is imported by the first one that is made."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table


def table(*columns: str, title: str) -> "Table":
    """An empty table with a heading; without names of columns it has no header."""
    from rich import box
    from rich.table import Table

    made = Table(title=title, show_header=any(columns), title_justify="left", box=box.SIMPLE_HEAD, padding=0)
    for column in columns:
        made.add_column(column, no_wrap=column == "name")
    return made


def facts(title: str, told: Mapping[str, str]) -> "Table":
    """A table of two columns: what is told, and what of it."""
    made = table("", "", title=title)
    for fact, value in told.items():
        made.add_row(fact, value)
    return made


def show(made: "Table") -> None:
    """Print a table."""
    from rich.console import Console

    Console().print(made)


def size(number: int) -> str:
    """Bytes as people read them."""
    return f"{number / 1e6:,.2f} MB" if number >= 1e6 else f"{number / 1e3:,.1f} kB"
