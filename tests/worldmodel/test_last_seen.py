import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from s2rm_sc2.views.entity import WORLD_SCALE
from s2rm_sc2.views.local_map import UNIT_CHANNELS
from worldmodel.clouds import KINDS, Clouds
from worldmodel.last_seen import LastSeen, covered, remember

B, T, N, SLOTS = 2, 7, 4, 30


def scene(seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Places, contents, sight and presence of random tokens, some of which look around."""
    random = torch.Generator().manual_seed(seed)
    place = torch.rand(B, T, N, 2, generator=random) * 2 - 1
    content = torch.randint(1, 10_000, (B, T, N, 1), generator=random).float()
    present = torch.rand(B, T, N, generator=random) < 0.5
    sight = torch.where(present & (torch.rand(B, T, N, generator=random) < 0.4), 6.0, 0.0)
    return place * present.unsqueeze(-1), content * present.unsqueeze(-1), sight, present


def held(memory: LastSeen, battle: int, *step: int) -> list[tuple[float, float]]:
    """Age and content of what is remembered."""
    rows = zip(*(part[(battle, *step)] for part in (memory.age, memory.content[..., 0], memory.kept)), strict=True)
    return sorted((age.item(), content.item()) for age, content, kept in rows if kept)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_a_token_is_remembered_until_somebody_looks_at_its_place(seed: int) -> None:
    place, content, sight, present = scene(seed)
    memory = remember(LastSeen.nothing(place, SLOTS, 1), place, content, sight, present)
    for b in range(B):
        for t in range(T):
            expected = []
            for s in range(t + 1):
                for n in range(N):
                    gaps = (place[b, s + 1 : t + 1] - place[b, s, n]).norm(dim=-1) * WORLD_SCALE
                    if present[b, s, n] and not (gaps < sight[b, s + 1 : t + 1]).any():
                        expected.append((float(t - s), content[b, s, n].item()))
            assert held(memory, b, t) == sorted(expected)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_step_by_step_remembers_what_a_window_does(seed: int) -> None:
    tokens = scene(seed)
    start = LastSeen.nothing(tokens[0], SLOTS, 1)
    whole, now = remember(start, *tokens), start
    for t in range(T):
        place, content, sight, present = (part[:, t : t + 1] for part in tokens)
        step = remember(now, place, content, sight, present)
        now = LastSeen(*(part[:, -1] for part in step.parts))
        assert [held(now, b) for b in range(B)] == [held(whole, b, t) for b in range(B)]


def test_where_slots_run_out_the_oldest_are_forgotten() -> None:
    place, content, sight, present = scene(3)
    memory = remember(LastSeen.nothing(place, 3, 1), place, content, torch.zeros_like(sight), present)
    ages = memory.age[0, -1][memory.kept[0, -1]]
    every = sorted(float(T - 1 - s) for s in range(T) for n in range(N) if present[0, s, n])
    assert sorted(ages.tolist()) == every[:3]


def test_without_memory_only_what_is_in_sight_is_left() -> None:
    place, content, sight, present = scene(5)
    memory = remember(LastSeen.nothing(place, SLOTS, 1), place, content, sight, present, only_now=True)
    for t in range(T):
        assert held(memory, 0, t) == sorted((0.0, content[0, t, n].item()) for n in range(N) if present[0, t, n])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_covered_is_within_sight_of_somebody_who_looks(seed: int) -> None:
    random = torch.Generator().manual_seed(seed)
    places, at = torch.rand(2, 40, 2, generator=random) * 4 - 1, torch.rand(2, 5, 2, generator=random) * 4 - 1
    sight = torch.rand(2, 5, generator=random) * 12
    sight[:, 0] = 0.0
    lit = covered(places, at, sight)
    gaps = torch.cdist(places.double(), at.double()) * WORLD_SCALE
    sure = ((gaps - sight[:, None]).abs() > 1e-3).all(-1)
    assert torch.equal(lit[sure], (gaps < sight[:, None]).any(-1)[sure])


def clouds() -> Clouds:
    """Untrained, with what the network adds set to nothing: no drift, there with odds of e² to 1."""
    made = Clouds(width=2)
    last = made.net[2]
    assert isinstance(last, torch.nn.Linear)
    torch.nn.init.zeros_(last.weight)
    torch.nn.init.zeros_(last.bias)
    return made


def remembered(kinds: list[str], x: list[float], kept: list[bool] | None = None) -> LastSeen:
    """Tokens of these kinds in a row along the x axis, cells east of the middle of the map."""
    rows = torch.nn.functional.one_hot(torch.tensor([UNIT_CHANNELS.index(kind) for kind in kinds]), KINDS)
    content = torch.cat([torch.zeros(len(kinds), 2), rows], dim=-1)
    place = torch.tensor([[x_cells / WORLD_SCALE, 0.0] for x_cells in x])
    there = torch.tensor(kept or [True] * len(kinds))
    return LastSeen(place[None, None], content[None, None], torch.zeros(1, 1, len(kinds)), there[None, None])


def test_a_cloud_spreads_one_unit_over_the_bins_of_its_kind() -> None:
    rates, points = clouds()(remembered(["enemy_zealot"], [0.0]), torch.zeros(1, 1, 1, 2))
    rates, points = rates[0, 0, 0], points[0, 0, 0]
    there = torch.sigmoid(torch.tensor(2.0)).item()
    zealots = rates[UNIT_CHANNELS.index("enemy_zealot")]
    within = [torch.special.ndtr(torch.tensor(z)).item() for z in (-3 / 0.7, -1 / 0.7, 1 / 0.7, 3 / 0.7)]
    middle = within[2] - within[1]
    assert zealots[1, 1].item() == pytest.approx(there * middle**2, rel=1e-3)
    assert zealots.sum().item() == pytest.approx(there * (within[3] - within[0]) ** 2, rel=1e-3)
    assert rates.sum() == zealots.sum()
    torch.testing.assert_close(points, (zealots / 2).expand(2, 3, 3))


def test_clouds_add_up_and_what_is_far_or_forgotten_adds_nothing() -> None:
    made, here = clouds(), torch.zeros(1, 1, 1, 2)
    kinds, x = ["ally_stalker", "ally_stalker", "enemy_zealot", "ally_marine"], [0.5, -1.5, 1.0, 40.0]
    together, _ = made(remembered(kinds, x), here)
    one_by_one = [made(remembered([kind], [at]), here)[0] for kind, at in zip(kinds, x, strict=True)]
    torch.testing.assert_close(together, torch.stack(one_by_one).sum(0))
    assert one_by_one[3].sum() == 0
    assert made(remembered(kinds, x, [False] * 4), here)[0].sum() == 0
