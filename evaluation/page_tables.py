"""Tables of a report as HTML: figures with their intervals, models with their colours, and what was trained."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from evaluation.figures.style import Look
from evaluation.labels import level_with_best
from evaluation.rows import FLOORS, Row, series_names
from evaluation.sheets import Cell, Sheet


def cells_table(sheet: Sheet, rows: Sequence[Row], shown: Mapping[str, Look]) -> str:
    """A sheet: a block of lines for each scenario, floors dimmed, what is clearly best in bold, what it rests on below.

    Args:
        sheet: the table.
        rows: its figures.
        shown: how models look.
    """
    models = {name: model for (model, _), name in series_names(rows).items()}
    head = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in sheet.columns)
    parts = [f'<div class="scroll" tabindex="0"><table>\n<thead><tr><th scope="col">model</th>{head}</tr></thead>\n']
    for scenario, split, lines in sheet.blocks(rows):
        best = [
            _best([cells[column][0] for _, cells in lines] if sheet.ranked else [])
            for column in range(len(sheet.columns))
        ]
        where = "trained on" if split == "train" else escape(split)
        parts.append(
            f'<tbody><tr><th scope="rowgroup" colspan="{len(best) + 1}">{escape(scenario)}'
            f'<span class="split">{where}</span></th></tr>\n'
        )
        for name, cells in lines:
            kind = ' class="floor"' if models[name] in FLOORS else ""
            data = "".join(_cell(cell, sheet.decimals, cell[0] is top) for cell, top in zip(cells, best, strict=True))
            parts.append(f"<tr{kind}><td>{_swatch(shown[models[name]])}{escape(name)}</td>{data}</tr>\n")
        columns = zip(*(cells for _, cells in lines), strict=True)
        counts = (max((row.n for row, _ in column if row), default=0) for column in columns)
        parts.append(
            f'<tr class="count"><td>n</td>{"".join(f"<td>{number:,}</td>" for number in counts)}</tr></tbody>\n'
        )
    return f"{''.join(parts)}</table></div>\n"


def _best(rows: Sequence[Row | None]) -> Row | object:
    """The row whose interval excludes all others, if there is one among several."""
    there = [row for row in rows if row is not None]
    best = level_with_best(there)
    return best[0] if len(best) == 1 < len(there) else object()


def _cell(cell: Cell, decimals: int, best: bool) -> str:
    row, factor = cell
    if row is None:
        return "<td>–</td>"
    value, low, high = (f"{number:.{decimals}f}" for number in (row.value, row.low, row.high))
    interval = f'<span class="range">{low} – {high}</span>' if row.bounded else ""
    times = ""
    if factor is not None and row.model not in FLOORS[:1]:
        side = "better" if factor.high < 1 else "worse" if factor.low > 1 else ""
        title = f"95 % interval {factor.low:.2f} to {factor.high:.2f}" if factor.bounded else "too few battles"
        times = f'<span class="times {side}" title="{title}">×{factor.value:.2f}</span>'
    kind = ' class="best"' if best else ""
    return f"<td{kind}>{value}{times}{interval}</td>"


def _swatch(look: Look) -> str:
    if not look.marker:
        return f'<span class="swatch square" style="border-color:{look.colour}"></span>'
    inside = look.colour if look.filled else "transparent"
    return f'<span class="swatch" style="border-color:{look.colour};background:{inside}"></span>'


def runs_table(runs: Sequence[Mapping[str, Any]], shown: Mapping[str, Look]) -> str:
    """What was compared: a line for each run."""
    headings = ("model", "seed", "parameters", "updates", "task", "trained on", "run")
    head = "".join(f'<th scope="col"{_left(name)}>{name}</th>' for name in headings)
    lines = []
    for run in runs:
        name = run["model"]["name"]
        dot = _swatch(shown[name]) if name in shown else ""
        numbers = (run["seed"], f"{run['parameters']:,}", f"{run['update']:,}")
        lines.append(
            f"<tr><td>{dot}{escape(name)}</td>{''.join(f'<td>{number}</td>' for number in numbers)}"
            f'<td class="left">{escape(run["training"]["task"])}</td>'
            f'<td class="words">{escape(", ".join(run["scenarios"]))}</td>'
            f'<td class="left">{escape(run["run"])}</td></tr>\n'
        )
    body = f"<thead><tr>{head}</tr></thead>\n<tbody>{''.join(lines)}</tbody>"
    return f'<div class="scroll" tabindex="0"><table>\n{body}</table></div>\n'


def _left(heading: str) -> str:
    return ' class="left"' if heading in ("task", "trained on", "run") else ""
