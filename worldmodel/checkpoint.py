"""Self-describing checkpoints: one safetensors file whose header says what it is, written atomically.

The header's JSON holds the model's configuration, the view version, what it was trained on and how; weights lie
under ``model/``, the optimiser's state under ``optimizer/``. Nothing in it is ever executed.
"""

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialize
from torch import Tensor

from s2rm_sc2 import __version__
from s2rm_sc2.errors import CheckpointBroken, CheckpointMissing
from s2rm_sc2.views.entity import ENTITY_VIEW_VERSION
from worldmodel.config import ModelConfig, TrainConfig
from worldmodel.header import decode
from worldmodel.model import WorldModel
from worldmodel.models import build

FORMAT = 3
LAST, BEST = "last.safetensors", "best.safetensors"

_UNFIT = "The weights in {} do not fit the model it describes; the file was altered. Train again."

DEMO = Path("demo") / "run"
"""Where `make demo` leaves its run, beside the folder of the others."""

SEED_FOLDER = "seed"
"""What the folders of a training with several seeds are called, before the seed."""

_LARGEST = 4096
"""No size of a model is larger; a file that claims one was not written here."""


@dataclass(frozen=True)
class RunInfo:
    """What a checkpoint says about itself.

    Attributes:
        model, training: the configurations.
        seed: of the training.
        scenarios: names of the scenarios trained on, one for each store.
        stores: scenario and fingerprint of each store trained on, in the order given.
        update: optimiser steps done.
        parameters: number of trainable parameters.
        metrics: ``best_held_out_loss``, the lowest of all checks up to this update.
        versions: of this package, torch and the entity view.
    """

    model: ModelConfig
    training: TrainConfig
    seed: int
    scenarios: tuple[str, ...]
    stores: tuple[tuple[str, str], ...]
    update: int
    parameters: int
    metrics: dict[str, float]
    versions: dict[str, str] = field(
        default_factory=lambda: {
            "s2rm-sc2": __version__,
            "torch": str(torch.__version__),
            "entity_view": str(ENTITY_VIEW_VERSION),
        }
    )

    @property
    def trained_on(self) -> str:
        """The scenarios for people: each once, however many stores hold it."""
        return ", ".join(dict.fromkeys(self.scenarios))


def save(path: Path, model: WorldModel, info: RunInfo, optimizer: torch.optim.Optimizer | None = None) -> None:
    """Write a checkpoint whole or not at all (a temporary file, then a rename).

    Raises:
        OSError: the disk refuses; what was there before is as it was.
    """
    tensors = {f"model/{name}": tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    if optimizer is not None:
        for index, state in optimizer.state_dict()["state"].items():
            for name, value in state.items():
                tensors[f"optimizer/{index}/{name}"] = torch.as_tensor(value).cpu().contiguous()
    _write(path, tensors, info)


def redescribed(source: Path, target: Path, info: RunInfo) -> None:
    """Write a checkpoint's tensors to another file, with another description.

    Raises:
        CheckpointMissing, CheckpointBroken: as :func:`load`.
        OSError: as :func:`save`.
    """
    _write(target, load(source)[1], info)


def _write(path: Path, tensors: dict[str, Tensor], info: RunInfo) -> None:
    header = {"format": FORMAT, **asdict(info)}
    content = serialize(tensors, metadata={"s2rm_sc2": json.dumps(header, sort_keys=True)})
    temporary = path.with_suffix(".partial")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def load(path: Path) -> tuple[RunInfo, dict[str, Tensor]]:
    """A checkpoint file's description and all its tensors.

    Raises:
        CheckpointMissing: there is no such file.
        CheckpointBroken: it is truncated, not one of ours, or of another format or view version.
    """
    if not path.is_file():
        raise CheckpointMissing(f"No checkpoint at {path}; train one first: s2rm-sc2 train.")
    try:
        with safe_open(path, framework="pt") as opened:
            header = json.loads((opened.metadata() or {})["s2rm_sc2"])
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - not a dict
        return _info(header, path), tensors
    except (SafetensorError, KeyError, TypeError, ValueError, RecursionError) as problem:
        raise CheckpointBroken(
            f"Checkpoint {path} cannot be read ({type(problem).__name__}: {problem}); it is truncated or not from "
            "s2rm-sc2. Use the run's other checkpoint file or train again."
        ) from problem


def load_checkpoint(run: Path) -> tuple[WorldModel, RunInfo]:
    """The best model of a run (its last, before the first check), ready to predict.

    Args:
        run: the run's folder, or a checkpoint file.

    Raises:
        CheckpointMissing, CheckpointBroken: as :func:`load`; also where the weights do not fit the configuration.
    """
    path = checkpoint_file(run)
    info, tensors = load(path)
    _check_sizes(info.model, tensors, path)
    model = build(info.model)
    restore(model, tensors, path)
    return model.eval(), info


def checkpoint_file(run: Path) -> Path:
    """The file that :func:`load_checkpoint` reads, whether it is there or not."""
    if not run.is_dir():
        return run
    return run / (BEST if (run / BEST).exists() or not (run / LAST).exists() else LAST)


def digest(path: Path) -> str:
    """A short name of a file's bytes, weights and description: no two checkpoints share it.

    Raises:
        CheckpointMissing: there is no such file.
    """
    if not path.is_file():
        raise CheckpointMissing(f"No checkpoint at {path}; train one first: s2rm-sc2 train.")
    return hashlib.blake2b(path.read_bytes(), digest_size=8).hexdigest()


def new_run(folder: Path, model: str) -> Path:
    """A folder for a new run, named by the time and the model so that names sort by age."""
    return folder / f"{datetime.now():%Y%m%d-%H%M%S}-{model}"


def latest_run(folder: Path) -> Path:
    """The newest run in a folder.

    Raises:
        CheckpointMissing: there is none.
    """
    found = [path for name in (BEST, LAST) for at in ("*", f"*/{SEED_FOLDER}*") for path in folder.glob(f"{at}/{name}")]
    if not found:
        demo = folder.parent / DEMO
        known = f" {demo} is one of make demo; name it, or" if checkpoint_file(demo).is_file() else ""
        raise CheckpointMissing(f"No trained run lies in {folder}/;{known} train one first: s2rm-sc2 train.")
    return max(found, key=lambda path: path.stat().st_mtime).parent


def restore(model: WorldModel, tensors: dict[str, Tensor], path: Path) -> None:
    """Put a checkpoint's weights into a model.

    Raises:
        CheckpointBroken: the weights do not fit the model.
    """
    weights = _weights(tensors)
    try:
        model.load_state_dict(weights)
    except RuntimeError as problem:
        raise CheckpointBroken(_UNFIT.format(path)) from problem


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor], path: Path) -> None:
    """Put a checkpoint's optimiser state into an optimiser over the same parameters.

    Raises:
        CheckpointBroken: the state does not fit the parameters.
    """
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    try:
        for name, tensor in tensors.items():
            if name.startswith("optimizer/"):
                _, index, key = name.split("/")
                if tensor.shape != (parameters[int(index)].shape if key.startswith("exp_avg") else ()):
                    raise ValueError(f"{name} has shape {list(tensor.shape)}")
                state.setdefault(int(index), {})[key] = tensor
        if any(keys.keys() != {"step", "exp_avg", "exp_avg_sq"} for keys in state.values()):
            raise ValueError("moments are missing")
    except (ValueError, IndexError) as problem:
        raise CheckpointBroken(
            f"The optimiser's state in {path} does not fit the model it describes ({problem}); the file was altered. "
            "Train again."
        ) from problem
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def _weights(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix("model/"): t for name, t in tensors.items() if name.startswith("model/")}


def _check_sizes(config: ModelConfig, tensors: dict[str, Tensor], path: Path) -> None:
    """Refuse a model that the file's weights are not of, before any memory is taken for it."""
    sizes = [value for value in asdict(config).values() if type(value) is int]
    shapes: dict[str, torch.Size] | None = None
    if all(1 <= size <= _LARGEST for size in sizes):
        try:
            with torch.device("meta"):
                shapes = {name: tensor.shape for name, tensor in build(config).state_dict().items()}
        except (RuntimeError, ValueError, AssertionError):  # sizes that do not go together
            shapes = None
    if shapes != {name: tensor.shape for name, tensor in _weights(tensors).items()}:
        raise CheckpointBroken(_UNFIT.format(path))


def _info(header: object, path: Path) -> RunInfo:
    if not isinstance(header, dict):
        raise ValueError("its header is no description")
    if header.pop("format") != FORMAT:
        raise CheckpointBroken(f"Checkpoint {path} has another format than {FORMAT}; train again with this version.")
    view = header["versions"]["entity_view"]
    if view != str(ENTITY_VIEW_VERSION):
        raise CheckpointBroken(
            f"Checkpoint {path} was trained on entity view version {view}, this package has version "
            f"{ENTITY_VIEW_VERSION}; train again."
        )
    return decode(RunInfo, header)
