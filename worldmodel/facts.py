"""What trainings are and how they went, as tables for the terminal."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table

from worldmodel.checkpoint import SEED_FOLDER, load_checkpoint
from worldmodel.log import read_log
from worldmodel.train import TrainReport

_CHECKS_SHOWN = 12


def trained(reports: Sequence[TrainReport]) -> Table:
    """How a call of ``train`` ended, a row per seed."""
    first = reports[0]
    table = _table(f"trained on {first.trained_on}: {first.parameters:,} parameters")
    for column in ("run", "updates", "best held-out loss", "dead modules", "this call took"):
        table.add_column(column)
    for report in reports:
        dead = "-" if report.dead_modules is None else str(len(report.dead_modules))
        table.add_row(str(report.run), f"{report.updates:,}", f"{report.best:.4f}", dead, f"{report.seconds:,.0f} s")
    return table


def runs_in(place: Path) -> list[Path]:
    """The runs that a place is: a checkpoint file, a run's folder, or one that holds a run per seed; none otherwise."""
    if place.suffix == ".safetensors" or any(place.glob("*.safetensors")):
        return [place]
    return sorted({path.parent for path in place.glob(f"{SEED_FOLDER}*/*.safetensors")})


def described(place: Path) -> list[Table]:
    """What a run's checkpoint says about itself, and how the run did on held-out episodes.

    Raises:
        CheckpointMissing, CheckpointBroken: its checkpoint cannot be read.
    """
    _, info = load_checkpoint(place)
    facts = _table(str(place))
    facts.show_header = False
    facts.add_column("")
    facts.add_column("")
    for name, value in (
        ("model", ", ".join(f"{key} {value}" for key, value in info.model.to_dict().items())),
        ("training", ", ".join(f"{key} {value}" for key, value in info.training.to_dict().items())),
        ("trained on", ", ".join(f"{scenario} ({store})" for scenario, store in info.stores)),
        ("seed", str(info.seed)),
        ("best at update", f"{info.update:,}"),
        ("parameters", f"{info.parameters:,}"),
        ("metrics", ", ".join(f"{key} {value:.4f}" for key, value in info.metrics.items())),
        ("versions", ", ".join(f"{key} {value}" for key, value in info.versions.items())),
    ):
        facts.add_row(name, value)
    checks = [line for line in read_log(place if place.is_dir() else place.parent) if "held_out_loss" in line]
    return [facts, _curve(checks)] if checks else [facts]


def _curve(checks: Sequence[dict[str, Any]]) -> Table:
    """The checks of a run: all of a short one, else evenly spaced ones with the first, the best and the last."""
    best = min(range(len(checks)), key=lambda n: checks[n]["held_out_loss"])
    spread = {round(n * (len(checks) - 1) / (_CHECKS_SHOWN - 1)) for n in range(_CHECKS_SHOWN)}
    healthy = "dead_modules" in checks[-1]
    table = _table("checks on held-out episodes")
    for column in ("update", "loss", "held-out loss", "updates/s"):
        table.add_column(column, justify="right")
    for column in ("modules in reach of a token (fewest)", "tokens per module", "dead modules") if healthy else ():
        table.add_column(column, justify="right")
    for n in sorted(spread | {best}):
        check = checks[n]
        cells = [f"{check['update']:,}", f"{check['loss']:.4f}", f"{check['held_out_loss']:.4f}"]
        cells.append(f"{check['updates_per_second']:.2f}")
        if healthy:
            dead = check["dead_modules"]
            cells.append(f"{check['modules_per_token']:.1f} ({check['modules_per_token_min']})")
            cells.append(f"{check['tokens_per_module']:.2f}")
            cells.append(f"{len(dead)}: {', '.join(map(str, dead))}" if dead else "0")
        table.add_row(*cells, style="bold" if n == best else None)
    return table


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
