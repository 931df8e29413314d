"""The page of a published table: in brief, what is claimed and whether it holds, at equal time, and in full."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from evaluation.claims import markdown
from evaluation.gallery import draw_figures
from evaluation.gaps import gaps
from evaluation.held_out import PRIVATE
from evaluation.insertion import insert
from evaluation.plan import SPLIT, Plan
from evaluation.rows import Row, astray, over_seeds
from evaluation.sheets import Sheet, every_sheet, gap_sheets
from evaluation.summary import ENOUGH_SEEDS
from evaluation.verdicts import Terms, Verdicts, as_row
from s2rm_sc2 import __version__
from worldmodel.config import preset_of

REFERENCES = ("s2gru-local", "s2gru")
"""Models that the others are compared with, battle by battle."""


def write_headline(verdicts: Verdicts, plan: Plan, page: Path) -> None:
    """Puts the few most telling figures on another page, in the table's place there (:mod:`evaluation.insertion`)."""
    insert(page, plan.name, plan.headline.markdown(_read(verdicts)[1]))


def write_table(verdicts: Verdicts, plan: Plan, figures: bool = False) -> Path:
    """Writes ``<table>.md`` and ``<table>.json``, means over seeds of the figures that there are; returns the first.

    Tables of every scenario stand in ``<table>-tables``, a file each: on one page they would be too long to open.

    What was trained for the same time stands in brief on the page of what was trained for the same updates too.

    Args:
        verdicts: what was found.
        plan: of the table.
        figures: draw it too, into ``<table>-figures``.

    Raises:
        BadArgument: the verdicts are of trainings that do not belong together.
    """
    runs, rows = _read(verdicts)
    means = over_seeds(rows)
    parts = [f"# Table {verdicts.table}", _preface(plan, verdicts.terms), *_in_brief(plan, runs, rows)]
    for timed in verdicts.at_equal_time():
        its_runs, its_rows = _read(timed)
        if its_runs:
            parts += [f"# The same at equal time: {timed.table}", *_in_brief(plan, its_runs, its_rows)]
    if figures:
        folder = verdicts.out / f"{verdicts.table}-figures"
        folder.mkdir(exist_ok=True)
        parts.append("# Figures")
        for picture in draw_figures(rows, REFERENCES[0], folder):
            parts += [f"![{picture.alt}]({folder.name}/{picture.path.name})", picture.caption]
    sheets = [(sheet, means) for sheet in every_sheet(means, plan.sheets)]
    for reference in REFERENCES:
        behind = gaps(rows, reference)
        sheets += [(sheet, behind) for sheet in (sheet.fitted(behind) for sheet in gap_sheets(reference))]
    parts += ["# In full", _in_full(verdicts, [(sheet, shown) for sheet, shown in sheets if sheet.columns])]
    path = verdicts.publish(runs, means, "\n\n".join(parts) + "\n")
    if plan.at_updates:
        first = verdicts.beside(plan.at_updates.name)
        if (verdicts.out / f"{first.table}.md").exists() and first.files():  # else its page was made under other terms
            write_table(first, plan.at_updates, figures)
    return path


def _read(verdicts: Verdicts) -> tuple[list[dict[str, Any]], list[Row]]:
    """What each judged run is, and every figure."""
    files = verdicts.files()
    return (
        [file["about"] for file in files if "model" in file["about"]],
        [as_row(row) for file in files for row in file["rows"]],
    )


def _in_brief(plan: Plan, runs: Sequence[dict[str, Any]], rows: Sequence[Row]) -> Iterator[str]:
    """Models, their figures in few columns, and the claims."""
    yield _models(runs)
    yield _made(runs)
    yield from (f"**{sentence}**" for sentence in astray(rows))
    for brief in plan.briefs:
        yield from (part for part in (f"## {brief.title}", brief.caption, brief.markdown(rows)) if part)
    claims = plan.claims(rows)
    if claims:
        yield "## What is claimed, and whether it holds here"
        few = min(sum(run["model"] == other["model"] for other in runs) for run in runs) < ENOUGH_SEEDS
        warned = f" **Some models have fewer than {ENOUGH_SEEDS} seeds here: nothing below is settled.**" if few else ""
        yield (
            "A condition is a scenario, a share of the views and, of places and hidden units, an age; a model is ahead "
            "in it where the interval, paired by battles, excludes 0. Conditions that rest on few places, units or "
            "battles are left out. Factors are means over scenarios, as above."
            f"{warned}"
        )
        yield markdown(claims)


def _in_full(verdicts: Verdicts, sheets: Sequence[tuple[Sheet, Sequence[Row]]]) -> str:
    """Writes each table into a file of its own; links to them."""
    folder = verdicts.out / f"{verdicts.table}-tables"
    folder.mkdir(exist_ok=True)
    links = []
    for sheet, rows in sheets:
        path = folder / f"{'-'.join(re.findall('[a-z0-9]+', sheet.title.lower()))}.md"
        path.write_text(f"# {sheet.title}\n\n{sheet.caption}\n\n{sheet.markdown(rows)}\n")
        links.append(f"- [{sheet.title}]({folder.name}/{path.name})")
    return "\n".join(links)


def _preface(plan: Plan, terms: Terms) -> str:
    private = (
        " These battles are private: their seeds are used for published tables only, once for each, so that nothing "
        "was chosen by them. Private tables of one scenario share them, whatever models were trained on or how long."
    )
    return (
        f"Trained on {', '.join(plan.trained)} ({plan.episodes} episodes each); tested on {terms.episodes} fresh "
        f"battles of each scenario (split {SPLIT}, seeds of purpose {terms.purpose!r})."
        f"{private if terms.purpose == PRIVATE else ''} Verdicts are means over seeds; in brackets 95 % intervals over "
        "battles and seeds. n counts what a figure rests on."
    )


def _made(runs: Sequence[dict[str, Any]]) -> str:
    """What it was made with, as far as figures may depend on it."""
    presets = ", ".join(sorted({preset_of(run["model"], run["training"]) or "none" for run in runs}))
    trained = {f"{name} {run['versions'][name]}" for run in runs for name in ("s2rm-sc2", "torch")}
    return f"Preset: {presets}. Trained with {', '.join(sorted(trained))}; page written by s2rm-sc2 {__version__}."


def _models(runs: Sequence[dict[str, Any]]) -> str:
    """Size and cost of each model."""
    lines = [
        "| model | parameters | seeds | updates | ms per update | minutes |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name in dict.fromkeys(run["model"]["name"] for run in runs):
        own = [run for run in runs if run["model"]["name"] == name]
        spent = [f"{median(run[key] for run in own):,.0f}" for key in ("milliseconds", "minutes")]
        size, updates = (f"{number:,}" for number in (own[0]["parameters"], min(run["updates"] for run in own)))
        lines.append(f"| {name} | {size} | {len(own)} | {updates} | {' | '.join(spent)} |")
    return "\n".join(lines)
