"""The README says what the published pages say."""

import re
from pathlib import Path

import pytest

from evaluation.insertion import need_marks
from evaluation.labels import called
from evaluation.rows import FLOORS
from tests.commands import README
from worldmodel.models import MODELS

ROOT = Path(__file__).parent.parent
NAMES = {called(name): name for name in (*MODELS, *FLOORS)}


def lines(text: str) -> list[list[str]]:
    """The cells of each line of the tables in a text, without headings."""
    return [line.strip("| ").split(" | ") for line in re.findall(r"^\|(?! model |[ -]{4}).*", text, re.MULTILINE)]


def test_models_are_called_by_names_of_their_own() -> None:
    assert len(NAMES) == len(MODELS) + len(FLOORS)


@pytest.mark.parametrize("table", ["units", "places"])
def test_the_figures_of_the_readme_are_those_of_the_page(table: str) -> None:
    need_marks(ROOT / "README.md", [table])
    page: dict[str, set[str]] = {}
    for name, *cells in lines((ROOT / f"docs/results/{table}.md").read_text()):
        page.setdefault(name, set()).update(cell.strip("*") for cell in cells)
    (block,) = re.findall(rf"<!-- table {table} -->\n(.*?)\n<!-- end of table -->", README, re.DOTALL)
    found = lines(block)
    assert len(found) >= 9
    for label, *cells in found:
        assert {cell.strip("*") for cell in cells} <= page[NAMES[label]], label
