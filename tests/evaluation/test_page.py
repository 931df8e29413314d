"""``report.html`` as a reader meets it: read as text, and opened in a real browser where there is one."""

import html
import json
import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from evaluation.figures.style import looks
from evaluation.gallery import draw_all, draw_figures
from evaluation.page import page as written
from evaluation.page_tables import cells_table
from evaluation.report import Report
from evaluation.rows import believable
from evaluation.runs import load_runs
from evaluation.sheets import CALIBRATION_SHEET
from tests.evaluation.made_up import ABOUT, everything, row

BROWSERS = ("chromium", "chromium-browser", "google-chrome")

LOOK = """<pre id="look"></pre><script>
addEventListener("load", () => {
  document.querySelectorAll("details").forEach(folded => { folded.open = true; });
  document.getElementById("look").textContent = JSON.stringify({
    images: [...document.images].map(i => [i.alt, i.complete, i.naturalWidth, i.clientWidth, i.clientHeight]),
    wide: document.documentElement.scrollWidth,
    window: innerWidth,
    smallest: Math.min(...[...document.querySelectorAll("td, p, li")].map(e => parseInt(getComputedStyle(e).fontSize))),
  });
});
</script></body>"""


@pytest.fixture(scope="module")
def report(run_2s3z: Path, tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder, rows = tmp_path_factory.mktemp("page"), everything()
    report = Report(rows, ABOUT, folder, draw_all(load_runs([run_2s3z]), {}, rows, folder))
    report.write()
    return report


@pytest.fixture(scope="module")
def page(report: Report) -> str:
    return (report.folder / "report.html").read_text()


def test_the_page_needs_nothing_but_itself(page: str) -> None:
    sources = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert all(source.startswith(("data:", "#")) for source in sources)
    assert "<script" not in page
    assert "@import" not in page
    assert "url(" not in page


def test_every_figure_is_shown_with_words_for_those_who_cannot_see_it(report: Report, page: str) -> None:
    alts = [html.unescape(alt) for alt in re.findall(r'<img [^>]*alt="([^"]+)"', page)]
    assert sorted(alts) == sorted(picture.alt for picture in report.pictures)
    assert len(set(alts)) == len(alts)
    names = {picture.path.stem for picture in report.pictures}
    assert {
        *("heat-map-units", "heat-map-places", "horizon-position_error", "views-health_error", "reliability"),
        *("views-by-step-position_error", "agents-units", "agents-places", "hidden-position_error", "gaps-place_nll"),
        *("darkness-place_nll", "topology-s2gru-seed-5", "training"),
    } <= names


def test_links_lead_to_sections_and_tags_are_closed(page: str) -> None:
    for target in re.findall(r'href="#([^"]+)"', page):
        assert f'id="{target}"' in page
    for tag in (
        "section",
        "table",
        "tbody",
        "tr",
        "td",
        "th",
        "figure",
        "details",
        "div",
        "ul",
        "li",
        "dl",
        "p",
        "span",
    ):
        assert len(re.findall(rf"<{tag}[ >]", page)) == page.count(f"</{tag}>"), tag


def test_what_a_scenario_or_a_command_is_called_cannot_break_the_page(report: Report) -> None:
    odd = written([row("<i>", 1.0)], {**ABOUT, "command": "<b>&amp;"}, [])
    assert "<code>&lt;b&gt;&amp;amp;</code>" in odd
    assert "<i>" not in odd
    assert "<runs>" not in (report.folder / "report.html").read_text()


def test_a_clearly_best_figure_is_bold_and_floors_are_dimmed(page: str) -> None:
    assert '<td class="best">0.600' in page
    assert re.search(r'<tr class="floor"><td><span[^>]*></span>persistence</td>', page)
    assert '<td class="best">1.000' not in page


def test_no_share_that_lives_is_better_than_another() -> None:
    given = [
        row(model, share, 0.01, 0, metric="alive_observed", horizon=10, views=1.0, status="all", bin=0.9)
        for model, share in (("s2gru", 0.6), ("lstm", 0.95))
    ]
    table = cells_table(CALIBRATION_SHEET.fitted(given), given, looks(["s2gru", "lstm"]))
    assert "0.60" in table
    assert "0.95" in table
    assert 'class="best"' not in table


def test_an_interval_of_few_battles_is_not_shown_and_bold_is_nothing_by_it(
    tmp_path: Path,
) -> None:
    given = [row(model, value, 0.0, 0, battles=2) for model, value in (("s2gru", 0.5), ("lstm", 0.75))]
    for horizon in (1, 5, 10):
        given += [row("persistence", 1.0, 0.0, horizon=horizon, views=views, battles=2) for views in (0.4, 1.0)]
    report = Report(given, ABOUT, tmp_path, draw_figures(believable(given), "s2gru", tmp_path))
    report.write()
    page, text = ((tmp_path / f"report.{kind}").read_text() for kind in ("html", "md"))
    assert "<td>0.500</td>" in page
    assert '<td class="best">' not in page
    assert "| 3m | unseen | s2gru | 0.500 | – |" in text
    assert "fewer than 5 battles" in page
    assert "fewer than 5 battles" in text
    told = [replace(found, battles=5) for found in given]
    assert "| 0.500 [0.500, 0.500] |" in Report(told, ABOUT, tmp_path, ()).markdown()


def test_a_floor_that_is_nowhere_better_than_persistence_has_no_line_but_a_word(tmp_path: Path) -> None:
    def shown(*moving: float) -> tuple[str, ...]:
        given = []
        for scenario, error in zip(("3m", "8m"), moving, strict=True):
            for model, value in (("s2gru", 0.5), ("persistence", 1.0), ("constant velocity", error)):
                given.append(row(model, value, seed=0 if model == "s2gru" else None, scenario=scenario))
        report = Report(given, ABOUT, tmp_path, ())
        report.write()
        console = Console(width=80)
        with console.capture() as capture:
            console.print(*report.tables())
        assert (tmp_path / "report.json").read_text().count("constant velocity") == 2
        return capture.get(), *((tmp_path / f"report.{kind}").read_text() for kind in ("md", "html"))

    line = r"constant velocity(?: \||</td>| +\d)"
    for text in shown(1.0, 1.2):
        assert not re.findall(line, text)
        assert "left out: constant velocity, nowhere better than persistence" in " ".join(text.split())
    for text in shown(0.9, 1.2):
        assert "left out" not in text
        assert re.findall(line, text)


def test_definitions_command_and_seeds_are_told(page: str) -> None:
    assert "<code>position_error</code></dt><dd>Mean Euclidean distance in cells" in page
    assert "<code>s2rm-sc2 evaluate &lt;runs&gt;</code>" in page
    assert page.count("Each seed by itself") > 3


def browser() -> str:
    for name in BROWSERS:
        path = shutil.which(name)
        if path:
            return path
    pytest.skip(f"no browser to open the report in: none of {', '.join(BROWSERS)} is in PATH")


def opened(page: str, width: int, folder: Path) -> tuple[dict[str, Any], str]:
    """What a browser sees of the page in a window this wide, and what it said on its console."""
    path = folder / "page.html"
    path.write_text(page.replace("</body>", LOOK))
    options = ["--headless", "--disable-gpu", f"--window-size={width},900", "--virtual-time-budget=10000"]
    options += ["--enable-logging=stderr", "--log-level=0", f"--user-data-dir={folder / 'profile'}"]
    if os.geteuid() == 0:
        options.append("--no-sandbox")
    done = subprocess.run(
        [browser(), *options, "--dump-dom", path.as_uri()], capture_output=True, text=True, timeout=240, check=True
    )
    (seen,) = re.findall(r'<pre id="look">(.*?)</pre>', done.stdout, flags=re.DOTALL)
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return json.loads(html.unescape(seen)), "\n".join(console)


def test_a_browser_shows_every_figure_and_nothing_is_wider_than_the_window(
    report: Report, page: str, tmp_path: Path
) -> None:
    seen, console = opened(page, 1280, tmp_path)
    assert len(seen["images"]) == len(report.pictures) > 10
    for alt, complete, natural, width, height in seen["images"]:
        assert complete, alt
        assert natural > 300, alt
        assert min(width, height) > 100, alt
    assert seen["wide"] <= seen["window"] == 1280
    assert seen["smallest"] >= 12
    assert console == ""


def test_a_browser_tells_of_a_broken_figure(page: str, tmp_path: Path) -> None:
    broken = re.sub(r'src="data:image/png;base64,[^"]{40}', 'src="data:image/png;base64,AAAA', page, count=1)
    seen, _ = opened(broken, 1280, tmp_path)
    assert [natural for _, _, natural, _, _ in seen["images"]].count(0) == 1
