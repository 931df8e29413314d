"""The command line: each verb parses, calls one library function and prints; heavy imports wait inside the verbs."""

import errno
import logging
import warnings
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, NoReturn, ParamSpec

import typer

from s2rm_sc2 import screen
from s2rm_sc2.errors import S2rmError
from s2rm_sc2.words import counted

P = ParamSpec("P")

DATA = Path("data")
"""Where stores lie unless told otherwise."""

RUNS = Path("runs")
"""Where trained runs lie unless told otherwise."""

_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


app = typer.Typer(
    help="Collect SMAC battles, train world models on partial views, evaluate them, and see the result.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def verb(function: Callable[P, None]) -> Callable[P, None]:
    """Register a verb whose foreseeable failures end in one sentence on stderr and an exit code of their own."""

    @app.command()
    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            function(*args, **kwargs)
        except S2rmError as error:
            _fail(str(error), 2, error)
        except KeyboardInterrupt as error:
            # zarr's event loop would report, after our sentence, each task that Ctrl-C cut off or kept from starting.
            logging.getLogger("asyncio").disabled = True
            warnings.simplefilter("ignore")
            said = "Interrupted; what was committed is safe: run the same command again to continue."
            _fail(str(error) or said, 130, error)
        except (FileExistsError, NotADirectoryError, IsADirectoryError, PermissionError) as error:
            _fail(f"Cannot write to {error.filename} ({error.strerror}); choose another place with --out.", 2, error)
        except OSError as error:
            if error.errno not in _DISK_FULL:
                raise
            place = f" at {error.filename}" if error.filename else ""
            _fail(f"The disk refuses to store more{place} ({error.strerror}); make room and try again.", 2, error)

    return run


def _fail(sentence: str, code: int, cause: BaseException) -> NoReturn:
    from rich.console import Console
    from rich.text import Text

    Console(stderr=True, soft_wrap=True).print(Text.assemble(("error: ", "bold red"), sentence))
    raise typer.Exit(code) from cause


@verb
def collect(
    map_name: Annotated[str, typer.Option("--map", help="As in 3s5z, 2s3z_vs_3s2z, 10gen_protoss, 3x2s3z.")] = "3s5z",
    episodes: Annotated[int, typer.Option(help="Episodes that the store shall hold in all.")] = 200,
    policy: Annotated[str, typer.Option(help="A script, random or mixture; a wrong name lists them.")] = "mixture",
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 0,
    out: Annotated[Path | None, typer.Option(help="The store; by default data/<scenario>.zarr.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes that play; by default as many as pay off.")] = None,
    backend: Annotated[str, typer.Option(help="embedded, or StarCraft II, a game per worker: sc2, smac.")] = "embedded",
    attach: Annotated[
        list[str] | None, typer.Option(help="HOST:PORT of a running StarCraft II to use; repeat for more workers.")
    ] = None,
    game_version: Annotated[str | None, typer.Option(help="Of StarCraft II, as in 4.10; else the newest.")] = None,
) -> None:
    """Play episodes into a store, or continue one."""
    from s2rm_sc2.scenarios import get

    scenario = get(map_name)
    from collectors.collect import collect as run
    from collectors.collect import fitting_workers
    from collectors.venue import venue

    out = out or DATA / f"{scenario.name}.zarr"
    if workers is None:
        workers = fitting_workers(episodes) if backend == "embedded" else len(attach or [""])
    where = venue(backend, tuple(attach or ()), game_version, workers)
    report = run(scenario, out, episodes, policy, seed, workers, venue=where)
    if not report.new_episodes:
        typer.echo(f"{out} holds {counted(report.episodes, 'episode')} already, so there was nothing to do.")
    screen.show(screen.facts(f"{scenario.name}: {report.path}", report.facts()))


@verb
def standin(
    write_install: Annotated[Path, typer.Option(help="Folder that SC2PATH shall name.")] = Path("standin"),
) -> None:
    """Write a folder that pysc2 and SMAC take for StarCraft II's; in the game's place is a stand-in, the engine."""
    from shlex import quote

    from s2rm_sc2.standin.install import write_install as write
    from s2rm_sc2.standin.server import BANNER

    typer.echo(f"{BANNER}\nUse it with: export SC2PATH={quote(str(write(write_install)))}")


@verb
def doctor(
    backend: Annotated[
        str | None, typer.Option(help="embedded, sc2, smac; sc2 if a game is meant to be there.")
    ] = None,
) -> None:
    """Say what is there of the game, its packages, a GPU and disk, and what to do; 1 if the backend lacks something."""
    from s2rm_sc2.doctor import diagnose

    if not diagnose(backend, typer.echo):
        raise typer.Exit(1)


@verb
def train(
    model: Annotated[str | None, typer.Option(help="By default s2gru-local; with --simulator unit-gru.")] = None,
    task: Annotated[str, typer.Option(help="What is asked: units (seen before), places, or both.")] = "units",
    simulator: Annotated[bool, typer.Option("--simulator", help="To draw battles from: one step, every view.")] = False,
    preset: Annotated[str, typer.Option(help="debug (seconds), small (minutes), paper (days on a CPU).")] = "small",
    updates: Annotated[int | None, typer.Option(help="Optimiser steps; by default the preset's.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Wall time per seed, instead of --updates.")] = None,
    seed: Annotated[
        list[int] | None, typer.Option(help="Of weights and batches, 0 if not given; repeat for more.")
    ] = None,
    data: Annotated[list[Path] | None, typer.Option(help="Stores or folders of stores; by default data/.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="The run's folder, new or to be continued; of several seeds, their runs'.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto (a GPU if there is one), cpu or cuda.")] = "auto",
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Log for TensorBoard too.")] = False,
) -> None:
    """Train a world model on collected stores, once or with several seeds, or continue a training."""
    from worldmodel.checkpoint import new_run
    from worldmodel.config import DEFAULT, SIMULATOR
    from worldmodel.config import preset as configs
    from worldmodel.facts import trained
    from worldmodel.train import open_stores, train_seeds

    _one_thread()
    name = (SIMULATOR if simulator else DEFAULT) if model is None else model
    model_config, training = configs(preset, name, updates, task, minutes, simulator)
    folder = out or new_run(RUNS, name)
    stores = open_stores(data or [DATA])
    screen.show(trained(train_seeds(stores, model_config, training, seed or [0], folder, device, tensorboard)))


@verb
def evaluate(
    runs: Annotated[list[Path] | None, typer.Argument(help="Runs to compare; by default the newest in runs/.")] = None,
    scenario: Annotated[
        list[str] | None, typer.Option(help="Scenarios to test on; by default those trained on and two unseen ones.")
    ] = None,
    episodes: Annotated[int, typer.Option(help="Fresh test battles per scenario.")] = 20,
    seed: Annotated[int, typer.Option(help="Of test battles, windows and kept views.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Folder of the report; by default RUN/evaluation.")] = None,
    ablate: Annotated[
        list[str] | None,
        typer.Option(
            help="Also without: reset (memory), blind (views), constant (kernel), idle or forget (half the memory)."
        ),
    ] = None,
    questions: Annotated[
        str | None,
        typer.Option(help="As in horizon,hidden, or all; by default the usual ones. A wrong name lists them."),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(help="Test on a published split, v1, or a part of one, v1/counts, instead of --scenario."),
    ] = None,
) -> None:
    """Test runs on fresh battles, seen and unseen scenarios, beside the floors; write a report with plots."""
    from evaluation.suite import evaluate as ask
    from worldmodel.checkpoint import latest_run

    _one_thread()
    asked = questions.split(",") if questions else None
    report = ask(runs or [latest_run(RUNS)], scenario, episodes, seed, out, ablate or (), True, asked, split)
    for table in report.tables():
        screen.show(table)
    for note in report.about["notes"]:
        typer.echo(f"Note: {note}")
    typer.echo(f"Report: {report.folder / 'report.html'}")


@verb
def benchmark_models(
    table: Annotated[str, typer.Option(help="Of units, places, units-2s3z+3s5z, units-marines.")] = "units,places",
    models: Annotated[str | None, typer.Option(help="As in s2gru,lstm; by default all that can be asked.")] = None,
    seeds: Annotated[str, typer.Option(help="Of the trainings.")] = "0,1,2",
    updates: Annotated[int | None, typer.Option(help="Optimiser steps; by default the preset's.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Stop each training after so long: a table beside.")] = None,
    preset: Annotated[str, typer.Option(help="debug, small or paper.")] = "small",
    episodes: Annotated[int, typer.Option(help="Fresh test battles per scenario.")] = 40,
    data: Annotated[Path | None, typer.Option(help="Folder of training stores; by default OUT/data.")] = None,
    out: Annotated[Path, typer.Option(help="Folder of runs and tables; what is there is used.")] = Path("grid"),
    runs: Annotated[Path | None, typer.Option(help="Judge the finished runs of this other --out only.")] = None,
    private: Annotated[bool, typer.Option("--private", help="Judge on battles used once, for this table.")] = False,
    into: Annotated[Path | None, typer.Option(help="A README that gets the table in short, between marks.")] = None,
) -> None:
    """Train and judge every model with every seed for the published tables, or go on with them."""
    from evaluation.grid import benchmark_models as run
    from evaluation.grid import entries, numbers, plans
    from evaluation.insertion import need_marks
    from worldmodel.train import progress_display

    _one_thread()
    how = models.split(",") if models else None, numbers(seeds), preset, updates, minutes
    wanted = [(plan, entries(plan, *how)) for plan in plans(table, minutes)]
    if into:
        need_marks(into, [plan.name for plan, _ in wanted])
    with progress_display(True) as display:
        pages = [run(plan, those, out, episodes, data, True, runs, private, into, display) for plan, those in wanted]
    for page in pages:
        typer.echo(f"Table: {page}")


@verb
def watch(
    map_name: Annotated[str, typer.Option("--map", help="A scenario.")] = "3s5z",
    policy: Annotated[str, typer.Option(help="A script, random or mixture; a wrong name lists them.")] = "scripted",
    seed: Annotated[int, typer.Option(help="Of the battle.")] = 0,
    agent: Annotated[int | None, typer.Option(help="Whose sight is shown; by default the longest-lived's.")] = None,
    step: Annotated[list[int] | None, typer.Option(help="A moment of the strip; repeat for more.")] = None,
    overview: Annotated[bool, typer.Option("--overview", help="The whole map, in full light unless --agent.")] = False,
    store: Annotated[Path | None, typer.Option(help="Draw an episode of this store instead of playing.")] = None,
    episode: Annotated[int, typer.Option(help="Which episode of the store.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder of battle.gif and strip.png.")] = Path("watch"),
) -> None:
    """Draw a battle: an animation and a strip of moments."""
    from evaluation.watch import watch as draw
    from evaluation.watch import watch_recorded
    from s2rm_sc2.scenarios import get

    how = (out, agent, step or (), overview)
    pictures = watch_recorded(store, episode, *how) if store else draw(get(map_name), policy, seed, *how)
    for path in pictures:
        typer.echo(path)


@verb
def imagine(
    run: Annotated[Path | None, typer.Argument(help="A run; by default the newest in runs/.")] = None,
    map_name: Annotated[str, typer.Option("--map", help="A scenario of units that the run knows.")] = "3s5z",
    policy: Annotated[str, typer.Option(help="A script, random or mixture; a wrong name lists them.")] = "scripted",
    seed: Annotated[int, typer.Option(help="Of battles and dreams.")] = 0,
    battles: Annotated[int, typer.Option(help="Battles that the drift is measured on.")] = 32,
    steps: Annotated[int, typer.Option(help="How far the dreams go.")] = 30,
    begin: Annotated[int, typer.Option(help="The step at which they begin, after views of the steps before.")] = 0,
    mean: Annotated[bool, typer.Option("--mean", help="What happens on average, instead of drawing it.")] = False,
    out: Annotated[Path, typer.Option(help="Folder of imagined.gif, imagined.png, drift.png.")] = Path("imagine"),
) -> None:
    """Draw a real battle beside the same one imagined, and measure how they part."""
    from evaluation.imagine import imagine as compare
    from s2rm_sc2.scenarios import get
    from worldmodel.checkpoint import latest_run

    _one_thread()
    scenario = get(map_name)
    found = compare(run or latest_run(RUNS), scenario, policy, seed, out, battles, steps, begin, not mean)
    for table in found.tables():
        screen.show(table)
    for path in found.pictures:
        typer.echo(path)


@verb
def control(
    run: Annotated[Path | None, typer.Argument(help="A run; by default the newest in runs/.")] = None,
    map_name: Annotated[str, typer.Option("--map", help="A scenario of units that the run knows.")] = "3s5z",
    algorithm: Annotated[str, typer.Option(help="mappo or qmix.")] = "mappo",
    steps: Annotated[int, typer.Option(help="That a policy is trained on in the simulator.")] = 500_000,
    seeds: Annotated[str, typer.Option(help="Of the policies.")] = "0",
    arm: Annotated[
        list[str] | None, typer.Option(help="dream, real-equal, real-same, focus, kite, random; by default all.")
    ] = None,
    episodes: Annotated[int, typer.Option(help="Battles in the engine that a policy is judged by.")] = 256,
    data: Annotated[list[Path] | None, typer.Option(help="The stores that the run was trained on.")] = None,
    real_steps: Annotated[int | None, typer.Option(help="Steps that they held, if they are not at hand.")] = None,
    iterations: Annotated[int, typer.Option(help="Collect with the policy and retrain the model between them.")] = 1,
    collect_episodes: Annotated[int, typer.Option(help="Collected between two iterations.")] = 100,
    updates: Annotated[int, typer.Option(help="Of the model between two iterations.")] = 500,
    out: Annotated[Path | None, typer.Option(help="Folder of policies and table; by default control/MAP.")] = None,
) -> None:
    """Train policies inside a learned simulator and in the engine, and judge them all in the engine."""
    from evaluation.control.extra import need_torchrl

    need_torchrl()
    from evaluation.control.experiment import Plan
    from evaluation.control.experiment import control as compare
    from evaluation.control.growth import Dyna
    from evaluation.control.results import COLUMNS
    from evaluation.control.settings import Settings
    from evaluation.control.settings import algorithm as named
    from evaluation.grid import numbers
    from s2rm_sc2.scenarios import get
    from worldmodel.checkpoint import latest_run

    _one_thread()
    scenario = get(map_name)
    plan = Plan(
        run or latest_run(RUNS), scenario, out or Path("control") / scenario.name, Settings(named(algorithm)), steps,
        tuple(numbers(seeds)), tuple(arm) if arm else None, episodes, data=tuple(data or [DATA]),
        real_steps=real_steps, dyna=Dyna(iterations, collect_episodes, updates),
    )  # fmt: skip
    found = compare(plan)
    table = screen.table(*COLUMNS, title=f"{scenario.name}, in the engine")
    for line in found.lines:
        table.add_row(*line.cells())
    screen.show(table)
    typer.echo(f"Table and curves: {found.folder}")


@verb
def inspect(
    place: Annotated[Path, typer.Argument(help="A store, a folder of stores, or a run.")] = DATA,
) -> None:
    """Show what stores hold (scenario, counts, versions, arrays), or what a run was trained on and how it went."""
    from s2rm_sc2.facts import store_facts
    from s2rm_sc2.store import EpisodeStore, find_stores
    from worldmodel.facts import described, runs_in

    for run in runs_in(place):
        for table in described(run):
            screen.show(table)
    if runs_in(place):
        return
    for path in find_stores(place) or [place]:
        found = EpisodeStore.open(path)
        screen.show(screen.facts(str(found.path), store_facts(found)))
        table = screen.table("array", "dtype", "shape", "raw", "on disk", "ratio", title="arrays")
        for a in found.arrays():
            ratio = f"{a.raw_bytes / a.disk_bytes:.1f}" if a.disk_bytes else "-"
            table.add_row(
                a.name, a.dtype, str(list(a.shape)), screen.size(a.raw_bytes), screen.size(a.disk_bytes), ratio
            )
        screen.show(table)


@verb
def scenarios(
    name: Annotated[
        str | None, typer.Argument(help="One scenario in detail; the list without a name says what there is.")
    ] = None,
    play: Annotated[bool, typer.Option("--play", help="Let the policies play, and say how often they win.")] = False,
    episodes: Annotated[int, typer.Option(help="With --play: battles per scenario and policy.")] = 64,
    policy: Annotated[list[str] | None, typer.Option(help="With --play: who plays; by default everyone.")] = None,
    seed: Annotated[int, typer.Option(help="With --play: of the battles.")] = 0,
) -> None:
    """List SMAC's 23 maps and SMACv2's families, show one scenario in detail, or let the policies play."""
    from s2rm_sc2.facts import scenario_facts
    from s2rm_sc2.scenarios import family_names, get, smac_names
    from s2rm_sc2.units import UNIT_TYPES

    if play:
        from evaluation.strength import table as played

        _one_thread()
        screen.show(played([name] if name else list(smac_names()), policy, episodes, seed))
        return
    if name is not None:
        scenario = get(name)
        screen.show(screen.facts(scenario.name, scenario_facts(scenario)))
        return
    shown = ("name", "allies", "enemies", "terrain", "limit", "actions", "obs", "state")
    for title, names in (("SMAC's maps", smac_names()), ("SMACv2's families", family_names())):
        table = screen.table(*shown, title=title)
        for facts in map(scenario_facts, map(get, names)):
            table.add_row(*(facts[fact].partition(":")[0] for fact in shown))
        screen.show(table)
    typer.echo("Letters: " + ", ".join(f"{unit.letter} {unit.name}" for unit in UNIT_TYPES) + ".")
    typer.echo("Any composition is a scenario too, on any terrain: 5s3z, 2s3z_vs_3s2z, 4m@flat.")
    typer.echo("So are fields of several fights at once, 3x2s3z, and families of any size, protoss_8_vs_9.")
    typer.echo("Properties may follow any name: 3s5z,sight=6,opponent=kite,limit=200 (opponents: smac, focus, kite).")


def _one_thread() -> None:
    """Models of this size gain nothing from a second thread and lose tenfold when another process wants the core."""
    import torch

    torch.set_num_threads(1)


def main() -> None:
    """Run the command line."""
    app()
