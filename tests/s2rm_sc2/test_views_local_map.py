import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from s2rm_sc2.table import UnitTable
from s2rm_sc2.units import UNIT_NAMES, UNIT_TYPES
from s2rm_sc2.views import LOCAL_MAP_CHANNELS, local_map


def table(rows: list[tuple[str, int, float, float, float, float]]) -> UnitTable:
    """One battle from rows of (type, team, x, y, health, shield)."""
    kinds, teams, x, y, health, shield = zip(*rows, strict=True)
    numbers = dict(zip(("x", "y", "health", "shield"), torch.tensor([x, y, health, shield])[:, None], strict=True))
    return UnitTable(
        type=torch.tensor([[UNIT_NAMES.index(name) for name in kinds]]),
        team=torch.tensor([teams]),
        energy=torch.zeros(1, len(rows)),
        cooldown=torch.zeros(1, len(rows)),
        alive=numbers["health"] > 0,
        **numbers,
    )


def test_counts_and_health_by_hand() -> None:
    units = table(
        [
            ("stalker", 0, 10.0, 10.0, 80.0, 40.0),
            ("zealot", 1, 11.6, 10.0, 50.0, 50.0),
            ("zealot", 1, 11.9, 10.2, 25.0, 0.0),
            ("marine", 1, 10.0, 8.5, 0.0, 0.0),
            ("marine", 0, 30.0, 30.0, 45.0, 0.0),
        ]
    )
    maps = local_map(units, torch.tensor([[10.0, 30.0]]), torch.tensor([[10.0, 30.0]]), cells=5, cell_size=1.0)
    assert maps.shape == (1, 2, len(LOCAL_MAP_CHANNELS), 5, 5)
    here = dict(zip(LOCAL_MAP_CHANNELS, maps[0, 0], strict=True))
    assert here["ally_stalker"].nonzero().tolist() == [[2, 2]]
    assert here["enemy_zealot"].nonzero().tolist() == [[4, 2]]  # two cells east, in one bin
    assert here["enemy_zealot"][4, 2] == 2
    assert here["ally_stalker"].sum() == 1
    assert here["enemy_marine"].sum() == here["ally_marine"].sum() == 0  # one is dead, one too far
    assert (here["health"][4, 2], here["shield"][4, 2]) == (0.75, 1.0)
    assert (here["health"][2, 2], here["shield"][2, 2]) == (1.0, 0.5)
    assert maps[0, 1, :, 2, 2].sum() == 2  # the marine itself, and full health


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.integers(-5, 5), st.integers(-5, 5))
def test_a_map_moves_with_its_place_and_counts_everybody(seed: int, right: int, up: int) -> None:
    random = torch.Generator().manual_seed(seed)
    B, U, Q = 2, 7, 3

    def eighths(*shape: int) -> torch.Tensor:
        return torch.randint(0, 256, shape, generator=random) / 8.0

    alive = torch.rand((B, U), generator=random) < 0.8
    kind = torch.randint(0, len(UNIT_NAMES), (B, U), generator=random)
    health = torch.tensor([unit.health for unit in UNIT_TYPES])[kind] * alive
    nothing = torch.zeros(B, U)
    team = torch.randint(0, 2, (B, U), generator=random)
    units = UnitTable(kind, team, eighths(B, U), eighths(B, U), health, nothing, nothing, nothing, alive)
    x, y = eighths(B, Q), eighths(B, Q)
    moved = UnitTable(kind, team, units.x + right, units.y + up, health, nothing, nothing, nothing, alive)
    maps = local_map(units, x, y, cells=9, cell_size=2.0)
    assert torch.equal(maps, local_map(moved, x + right, y + up, cells=9, cell_size=2.0))
    everywhere = local_map(units, x, y, cells=3, cell_size=40.0)
    allies = everywhere[:, :, : len(UNIT_NAMES)].sum((2, 3, 4))
    assert torch.equal(allies, ((team == 0) & alive).sum(-1)[:, None].expand(B, Q).float())
    assert torch.equal(everywhere[:, :, :-2].sum((2, 3, 4)), alive.sum(-1)[:, None].expand(B, Q).float())
