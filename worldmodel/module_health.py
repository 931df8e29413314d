"""Module health: whether what the views show comes within reach of the modules at all, which no loss tells.

A module that nothing reaches learns nothing, and the loss hardly shows it: the spikes' first S2RMs were blind.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from s2rm_sc2.views.entity import places
from worldmodel.model import WorldModel
from worldmodel.s2rm import Modules
from worldmodel.windows import Windows


@dataclass(frozen=True)
class ModuleHealth:
    """How the modules of an S2RM stood to the tokens of some windows.

    Attributes:
        modules_per_token: in reach of a token, mean.
        modules_per_token_min: in reach of the token that the fewest reach.
        tokens_per_module: in reach of a module at a step, mean.
        dead_modules: those that no token of any window came within reach of.
    """

    modules_per_token: float
    modules_per_token_min: int
    tokens_per_module: float
    dead_modules: list[int]


@torch.no_grad()
def module_health(model: WorldModel, shown: Iterable[tuple[Windows, Tensor]]) -> ModuleHealth | None:
    """Which modules the tokens of windows reach; None where the model has no modules.

    Args:
        model: which.
        shown: windows and whose views are kept, bool ``[N, R, A]``, on the model's device.
    """
    if not isinstance(model, Modules):
        return None
    per_token, per_module = [], []
    for windows, keep in shown:
        present = (windows.sees & (keep & windows.agents[:, None])[..., None]).any(dim=2)
        reached = model.reach(places(windows.units), present) > 0  # [N, R, M, U]
        per_token.append(reached.sum(-2)[present])
        per_module.append(reached.sum(-1).flatten(0, 1))
    tokens, modules = torch.cat(per_token), torch.cat(per_module)
    return ModuleHealth(
        modules_per_token=tokens.float().mean().item() if len(tokens) else 0.0,
        modules_per_token_min=int(tokens.min()) if len(tokens) else 0,
        tokens_per_module=modules.float().mean().item(),
        dead_modules=(modules.sum(0) == 0).nonzero().flatten().tolist(),
    )
