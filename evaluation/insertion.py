"""A table's headline on a page that somebody else writes, between two marks."""

import re
from collections.abc import Iterable
from pathlib import Path

from evaluation.verdicts import replace_text
from s2rm_sc2.errors import BadArgument

_MARKS = "<!-- table {} -->", "<!-- end of table -->"


def need_marks(page: Path, tables: Iterable[str]) -> None:
    """Refuse a page that has no place for a table.

    Raises:
        BadArgument: it has not exactly one for each, or there is no such page.
    """
    if not page.is_file():
        raise BadArgument(f"There is no page {page} to put a table into; write one that has a place for it.")
    text = page.read_text()
    for table in tables:
        begin, end = (mark.format(table) for mark in _MARKS)
        if len(_place(table).findall(text)) != 1:
            raise BadArgument(
                f"{page} has no place for table {table}, or several; put a line {begin} and a line {end} where the "
                "table shall stand, once."
            )


def insert(page: Path, table: str, text: str) -> None:
    """Put a text in a table's place, for what stands there; the page is written whole or not at all."""
    begin, end = (mark.format(table) for mark in _MARKS)
    replace_text(page, _place(table).sub(lambda _: f"{begin}\n{text}\n{end}", page.read_text()))


def _place(table: str) -> re.Pattern[str]:
    begin, end = (re.escape(mark.format(table)) for mark in _MARKS)
    return re.compile(rf"^{begin}$(?:(?!<!-- ).)*?^{end}$", re.DOTALL | re.MULTILINE)  # else it may swallow another
