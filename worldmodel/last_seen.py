"""What was last seen of a place, kept until somebody looks there again: modules' memory of single tokens.

A token is remembered from the step that showed it until its place is in sight once more (then a new token stands
there, or nothing does). No identities are needed, and the memory is bounded by what was seen, not by how long ago.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from s2rm_sc2.views.entity import WORLD_SCALE
from worldmodel.contract import Memory


@dataclass(frozen=True)
class LastSeen:
    """Remembered tokens, ``[..., S]`` with ``[...]`` ``[B]`` or ``[B, T]``.

    Attributes:
        place: ``[..., S, 2]``, world coordinates.
        content: ``[..., S, W]``, the encoded token; zeros where nothing is remembered.
        age: float32 ``[..., S]``, steps since it was seen; 0 for what is in sight now.
        kept: bool ``[..., S]``, which slots hold a token.
    """

    place: Tensor
    content: Tensor
    age: Tensor
    kept: Tensor

    @classmethod
    def nothing(cls, like: Tensor, slots: int, width: int) -> "LastSeen":
        """The memory before the first view, for as many battles as ``like`` ``[B, ...]`` has."""
        zero = like.new_zeros(len(like), slots)
        return cls(like.new_zeros(len(like), slots, 2), like.new_zeros(len(like), slots, width), zero, zero > 0)

    @property
    def parts(self) -> Memory:
        """The four tensors."""
        return self.place, self.content, self.age, self.kept


def remember(
    before: LastSeen, place: Tensor, content: Tensor, sight: Tensor, present: Tensor, only_now: bool = False
) -> LastSeen:
    """What is remembered after each step of a window, ``[B, T, S]``.

    Where more tokens than slots wait to be seen again, the oldest are forgotten.

    Args:
        before: the memory ``[B, S]`` when the window starts.
        place, content, sight, present: of the tokens that the window's views show, ``[B, T, N, ...]``.
        only_now: forget everything that is not in sight (an ablation).
    """
    batch, steps, count = present.shape
    slots = before.kept.shape[-1]
    now = torch.arange(steps, device=place.device, dtype=before.age.dtype)
    looking = place
    place = torch.cat([before.place, place.flatten(1, 2)], dim=1)
    content = torch.cat([before.content, content.flatten(1, 2)], dim=1)
    there = torch.cat([before.kept, present.flatten(1, 2)], dim=1)
    born = torch.cat([-1.0 - before.age, now.repeat_interleave(count).expand(batch, -1)], dim=1)
    age = now[:, None] - born[:, None]  # [B, T, C]
    lit = covered(place.unsqueeze(1), looking, sight)
    seen_again = (lit & (age > 0)).cumsum(dim=1) > 0
    waits = there[:, None] & (age >= 0) & ~seen_again & ((age == 0) | (not only_now))
    youngest = torch.where(waits, -age, -torch.inf).sort(dim=-1, descending=True, stable=True).indices
    chosen = youngest[..., :slots]
    kept = waits.gather(-1, chosen)
    rows = chosen + torch.arange(batch, device=chosen.device).view(-1, 1, 1) * place.shape[1]

    def gathered(columns: Tensor) -> Tensor:
        return columns.flatten(0, 1).index_select(0, rows.flatten()).reshape(*rows.shape, -1) * kept.unsqueeze(-1)

    return LastSeen(gathered(place), gathered(content), age.gather(-1, chosen) * kept, kept)


@torch.no_grad()
def covered(places: Tensor, looking: Tensor, sight: Tensor) -> Tensor:
    """Which places ``[..., P, 2]`` lie in sight of a unit at ``looking`` ``[..., N, 2]``, bool ``[..., P]``.

    Places are in world coordinates, ``sight`` ``[..., N]`` in cells (0 for units that do not look).
    """
    # sight² - |p - x|² for all pairs in one product: [p, |p|², 1] · [2 x, -1, sight² - |x|²].
    sight, row = sight.topk(int((sight > 0).sum(dim=-1).amax()), dim=-1)
    looking = looking.gather(-2, row.unsqueeze(-1).expand(*row.shape, 2))
    square, margin = places.square().sum(-1), (sight / WORLD_SCALE).square() - looking.square().sum(-1)
    first = torch.cat([places, torch.stack([square, torch.ones_like(square)], dim=-1)], dim=-1)
    second = torch.cat([2.0 * looking, torch.stack([-torch.ones_like(margin), margin], dim=-1)], dim=-1)
    inside = (first @ second.transpose(-1, -2) > 0) & (sight > 0).unsqueeze(-2)
    return inside.any(dim=-1)
