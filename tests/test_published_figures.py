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


COLUMNS = {
    "units": (
        ("Where units are, × persistence", ("1 step, trained on", "1 step, unseen")),
        ("Where units are, × persistence", ("10 steps, trained on", "10 steps, unseen")),
        ("Health + shield, × persistence, and who died", ("10 steps, unseen",)),
    ),
    "places": (
        (
            "Places at 60% of the views, with more fights than in training: nats",
            ("in sight", "dark 1-3", "dark 4-7", "dark 8-10"),
        ),
    ),
}
"""Where the columns of the README's tables stand on the pages: under which heading, which columns, in their order."""


def cells(table: str) -> list[list[str]]:
    """The cells of a table in Markdown, line by line, without the rule below the headings."""
    return [line.strip("| ").split(" | ") for line in table.splitlines() if re.match(r"\|(?! ?-{3})", line)]


def test_models_are_called_by_names_of_their_own() -> None:
    assert len(NAMES) == len(MODELS) + len(FLOORS)


@pytest.mark.parametrize("table", COLUMNS)
def test_the_figures_of_the_readme_are_those_of_the_page(table: str) -> None:
    need_marks(ROOT / "README.md", [table])
    page = (ROOT / f"docs/results/{table}.md").read_text()  # at equal updates first
    expected: dict[str, list[str]] = {}
    for heading, columns in COLUMNS[table]:
        head, *lines = cells(page.partition(f"## {heading}\n")[2].partition("\n## ")[0])
        for name, *figures in lines:
            row = dict(zip(head[1:], figures, strict=True))
            expected.setdefault(name, []).extend(row[column] for column in columns)
    (block,) = re.findall(rf"<!-- table {table} -->\n(.*?)\n<!-- end of table -->", README, re.DOTALL)
    _, *found = cells(block)
    assert {NAMES[label]: figures for label, *figures in found} == {
        name: figures for name, figures in expected.items() if name != "*scenarios*"
    }
