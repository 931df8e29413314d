"""Names of scenarios beyond maps and compositions: SMACv2's families, fields of fights, properties."""

import json

import pytest

from s2rm_sc2 import scenarios
from s2rm_sc2.errors import ScenarioUnknown
from s2rm_sc2.scenarios import ANY, Scenario

NAMES = (
    *scenarios.family_names(),
    *("1x2s3z", "3x2s3z", "4x3m_vs_4m", "64x1m", "4m@flat64"),
    *("3s5z,sight=6.5", "3s5z,opponent=kite", "3x2s3z,sight=6,opponent=focus,limit=200", "10gen_zerg,limit=70"),
)


@pytest.mark.parametrize("name", NAMES)
def test_a_scenario_keeps_its_name_and_survives_json(name: str) -> None:
    scenario = scenarios.get(name)
    assert scenario.name == name
    assert Scenario.from_dict(json.loads(json.dumps(scenario.to_dict()))) == scenario


def test_a_store_from_before_families_still_describes_its_scenario() -> None:
    written = scenarios.get("3s5z").to_dict()
    for key in ("smac_version", "opponent", "draw"):
        del written[key]
    assert Scenario.from_dict(written) == scenarios.get("3s5z")


def test_families_are_smacv2s() -> None:
    nominal = scenarios.get("10gen_protoss")
    assert (nominal.n_agents, nominal.n_enemies, nominal.limit, nominal.terrain.size) == (10, 10, 200, (32, 32))
    assert (nominal.smac_version, nominal.map_type, nominal.type_bits) == (2, "protoss_gen", 3)
    assert nominal.ally_type_order == nominal.enemy_type_order == ("stalker", "zealot", "colossus")
    assert scenarios.get("protoss_10_vs_10") == nominal
    assert nominal.allies[0].unit == ANY
    assert scenarios.get("terran_20_vs_23").ally_type_order == ("marine", "marauder", "medivac")
    assert (scenarios.get("terran_20_vs_23").n_agents, scenarios.get("terran_20_vs_23").n_enemies) == (20, 23)
    assert scenarios.get("zerg_5_vs_5").ally_type_order == ("zergling", "hydralisk", "baneling")
    assert [kind.name for kind in nominal.kinds] == ["stalker", "zealot", "colossus"]
    with pytest.raises(ValueError, match="drawn in every episode"):
        _ = nominal.unit_types


def test_a_field_is_k_fights_in_tiles_of_their_own() -> None:
    field = scenarios.get("3x2s3z")
    assert (field.n_agents, field.n_enemies, field.terrain.size) == (15, 15, (64, 64))
    assert field.terrain.walkable.all()
    assert {(group.x, group.y) for group in field.allies} == {(9, 16), (41, 16), (9, 48)}
    assert {(group.x, group.y) for group in field.enemies} == {(23, 16), (55, 16), (23, 48)}
    assert [(group.x - 14, group.y) for group in field.enemies] == list(field.order.points)  # each to its own allies
    assert field.enemy_type_order == scenarios.get("2s3z").enemy_type_order
    sizes = {count: scenarios.get(f"{count}x1m").terrain.size[0] for count in (1, 2, 4, 5, 9, 10, 64)}
    assert sizes == {1: 32, 2: 64, 4: 64, 5: 96, 9: 96, 10: 128, 64: 256}
    assert [unit.name for unit in field.unit_types[:15]] == ["stalker"] * 6 + ["zealot"] * 9


def test_a_large_flat_terrain_has_its_spawns_around_the_middle() -> None:
    assert scenarios.terrain("flat96").spawns == ((41, 48), (55, 48))


def test_properties_change_what_they_name_and_nothing_else() -> None:
    plain, other = scenarios.get("3s5z"), scenarios.get("3s5z,sight=6,opponent=focus,limit=200")
    assert (other.sight_range, other.opponent, other.limit) == (6.0, "focus", 200)
    assert other.allies == plain.allies
    assert other.shoot_range == plain.shoot_range


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("3s5z,limit=200,sight=6.0", "3s5z,sight=6,limit=200"),
        ("3s5z,limit=150,opponent=smac,sight=9", "3s5z"),
        ("10gen_protoss_5v5", "protoss_5_vs_5"),
        ("10gen_zerg_20v23,limit=70", "zerg_20_vs_23,limit=70"),
        ("10gen_terran_10v10", "10gen_terran"),
        ("protoss_10_vs_10,opponent=kite", "10gen_protoss,opponent=kite"),
    ],
)
def test_one_scenario_has_one_name(written: str, name: str) -> None:
    assert scenarios.get(written) == scenarios.get(name)
    assert scenarios.get(written).name == name


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("3s5z,speed=2", r"'speed=2'.*sight=CELLS.*opponent=smac\|focus\|kite.*limit=STEPS"),
        ("3s5z,sight=0", "'sight=0'.*above 0"),
        ("3s5z,sight=nan", "sight=CELLS"),
        ("3s5z,limit=0", "at least 1"),
        ("3s5z,limit=1.5", "limit=STEPS"),
        ("3s5z,opponent=god", "opponent=smac"),
        ("3s5z,sight=6,sight=6", "at most once"),
        ("3s5z,", "limit=STEPS"),
        ("10gen_protoss,sight=6", "as far as their types do"),
        ("65x3m", "64 are the most"),
        ("64x99m", "12672 units; 4096"),
        ("3x2s3z@band", "leave out @band"),
        ("3xcorridor", "3x2s3z"),
        ("0x3m", "3x2s3z"),
        ("4m@flat33", "flat64"),
        ("5gen_protoss", "near matches: .*10gen_protoss"),
        ("protos_5_vs_5", "near matches: .*protoss_5_vs_5"),
        ("protoss_0_vs_5", "protoss_5_vs_5"),
        ("protoss_5_vs_100", "protoss_5_vs_5"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(name: str, sentence: str) -> None:
    with pytest.raises(ScenarioUnknown, match=sentence):
        scenarios.get(name)
