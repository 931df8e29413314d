"""Scenarios of randomly drawn teams, made by hand."""

from s2rm_sc2.scenarios.scenario import ANY, EnemyOrder, Group, Scenario, TeamDraw

_UNITS = {
    "T": ("marine", "marauder", "medivac"),
    "P": ("stalker", "zealot", "colossus"),
    "Z": ("zergling", "hydralisk", "baneling"),
}


def drawn(race: str, allies: int, enemies: int) -> Scenario:
    """A scenario with SMACv2's rules of interface."""
    units = _UNITS[race]
    return Scenario(
        name=f"drawn_{race}_{allies}v{enemies}",
        allies=(Group(ANY, allies, 8.0, 16.0),),
        enemies=(Group(ANY, enemies, 24.0, 16.0),),
        terrain_name="flat",
        order=EnemyOrder("units"),
        limit=200,
        map_type="drawn",
        ally_type_order=units,
        enemy_type_order=units,
        smac_version=2,
        draw=TeamDraw(units, (0.45, 0.45, 0.1), (units[2],)),
    )
