"""The report as one HTML page that needs nothing else: styles and pictures are in it, and no script."""

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

from PIL import Image

from evaluation import summary
from evaluation.definitions import INTERVALS, conditions, definitions
from evaluation.figures.picture import Picture, Section
from evaluation.figures.style import DPI, looks
from evaluation.page_tables import cells_table, runs_table
from evaluation.rows import Row, distinct, over_seeds
from evaluation.sheets import ABOUT, UNIT_GRID, Sheet, every_sheet
from s2rm_sc2.words import counted

CSS_DPI = 96
"""Pixels of a page per inch."""

SHOWN = 2
"""Tables of a section that are not folded away."""

SECTIONS: Mapping[Section, tuple[str, str]] = {
    "glance": ("At a glance", "How far each model stays below a floor that has learned nothing, scenario by scenario."),
    "units": ("What happens to units", "Forecasts of every unit that a kept view has shown, open loop."),
    "places": ("What stands at places", "Nothing but a model's memory lies between the views and its answer."),
    "chances": ("Chances and outcomes", "Whether a model's probabilities can be taken at their word."),
    "battles": ("Real and imagined battles", "Fresh battles, and what a model makes of them."),
    "modules": ("Modules", "Where the modules of an S2RM sit, and which places each of them serves."),
    "training": ("Runs and their training", "What was compared."),
}
"""Heading and a sentence under it, in order."""


def page(rows: Sequence[Row], about: Mapping[str, Any], pictures: Sequence[Picture]) -> str:
    """The page.

    Args:
        rows: every figure.
        about: what it took to make them, as ``report.json`` has it.
        pictures: what is shown; their files are read.
    """
    means = over_seeds(rows)
    parts = {section: "".join(_section(section, rows, means, about, pictures)) for section in SECTIONS}
    there = {section: part for section, part in parts.items() if part}
    links = "".join(f'<a href="#{name}">{escape(SECTIONS[name][0])}</a>' for name in there)
    style = resources.files("evaluation").joinpath("page.css").read_text()
    runs = ", ".join(dict.fromkeys(run["model"]["name"] for run in about["training"]))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<link rel="icon" href="data:,">\n<title>Evaluation of {escape(runs)}</title>\n'
        f"<style>\n{style}</style>\n</head>\n"
        f'<body>\n<main>\n<header>\n<h1>Evaluation</h1>\n<p class="under">{escape(runs)}</p>\n'
        f'<nav>{links}<a href="#meaning">What the figures mean</a><a href="#made">How it was made</a></nav>\n'
        "</header>\n"
        f"{_summary(rows, about)}{''.join(there.values())}{_meaning(rows)}{_made(about)}</main>\n</body>\n</html>\n"
    )


def prose(text: str) -> str:
    """A sentence as HTML; what stands between backticks becomes code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _summary(rows: Sequence[Row], about: Mapping[str, Any]) -> str:
    found, careful = summary.findings(rows), summary.cautions(rows, about)
    parts = [f"<p>{prose(summary.asked(rows, about))}</p>"]
    if found:
        parts.append(f"<h3>What was found</h3>{_list(found)}")
    if careful:
        parts.append(f'<h3>What to be careful about</h3><div class="careful">{_list(careful)}</div>')
    return f'<section class="summary">\n{"".join(parts)}\n</section>\n'


def _list(sentences: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{prose(sentence)}</li>' for sentence in sentences)}</ul>"


def _section(
    section: Section,
    rows: Sequence[Row],
    means: Sequence[Row],
    about: Mapping[str, Any],
    pictures: Sequence[Picture],
) -> Iterator[str]:
    """Heading, figures and tables; nothing where there is neither figure nor table."""
    shown = [picture for picture in pictures if picture.section == section]
    first, more = _sheets(section, means)
    if not shown and not first and section != "training":
        return
    heading, under = SECTIONS[section]
    yield f'<section id="{section}">\n<h2>{heading}</h2>\n<p class="under">{under}</p>\n'
    yield from map(_figure, shown)
    yield from (_sheet(sheet, rows, means) for sheet in first)
    if more:
        folded = "".join(_sheet(sheet, rows, means) for sheet in more)
        yield f"<details><summary>More tables: {counted(len(more), 'table')}</summary>\n{folded}</details>\n"
    if section == "training":
        yield runs_table(about["training"], looks(distinct(rows, "model")))
    yield "</section>\n"


def _sheets(section: Section, rows: Sequence[Row]) -> tuple[list[Sheet], list[Sheet]]:
    """The tables of a section, and those of it that are folded away."""
    found = every_sheet(rows, ABOUT[section]) if section in ABOUT else []
    more = every_sheet(rows, UNIT_GRID) if section == "units" else []
    return found[:SHOWN], found[SHOWN:] + more


def _figure(picture: Picture) -> str:
    with Image.open(picture.path) as image:
        width, height = (round(pixels * CSS_DPI / DPI) for pixels in image.size)
    return (
        f'<figure>\n<img src="{_inlined(picture.path)}" alt="{escape(picture.alt)}" '
        f'width="{width}" height="{height}">\n'
        f"<figcaption>{prose(picture.caption)}</figcaption>\n</figure>\n"
    )


def _inlined(path: Path) -> str:
    return f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"


def _sheet(sheet: Sheet, rows: Sequence[Row], means: Sequence[Row]) -> str:
    """Means over seeds; folded below it each seed by itself, where a model has several."""
    sheet, means = sheet.telling(means)
    rows = [row for row in rows if row.model in distinct(means, "model")]
    shown = looks(distinct(means, "model"))
    parts = [f"<h3>{escape(sheet.title)}</h3>\n", f'<p class="note">{prose(sheet.caption)}</p>\n']
    parts.append(cells_table(sheet, means, shown))
    if len({(row.model, row.seed) for row in rows}) > len(shown):
        parts.append(f"<details><summary>Each seed by itself</summary>\n{cells_table(sheet, rows, shown)}</details>\n")
    return "".join(parts)


def _meaning(rows: Sequence[Row]) -> str:
    meant = "".join(
        f"<dt><code>{escape(name)}</code></dt><dd>{prose(text)}</dd>" for name, text in definitions(rows).items()
    )
    more = "".join(f"<p>{prose(text)}</p>\n" for text in (INTERVALS, *conditions(rows)))
    return f'<section id="meaning">\n<h2>What the figures mean</h2>\n<dl>{meant}</dl>\n{more}</section>\n'


def _made(about: Mapping[str, Any]) -> str:
    facts = {
        "command": f"`{about['command']}`",
        "test battles": f"{about['episodes']} of each scenario, {about['battles']}; never trained on",
        "seed": f"{about['seed']}, of test battles, windows and kept views",
        "windows": ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in about["windows"].items()),
        "versions": ", ".join(f"{name} {version}" for name, version in about["versions"].items()),
    }
    if about.get("split"):
        facts["split"] = str(about["split"])
    if about.get("questions"):
        facts["questions"] = "; ".join(f"`{name}`: {asks}" for name, asks in about["questions"].items())
    facts["all figures"] = "`report.json`, beside this page"
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{prose(text)}</dd>" for name, text in facts.items())
    return f'<section id="made">\n<h2>How it was made</h2>\n<dl>{listed}</dl>\n</section>\n'
