import numpy as np
import pytest
import torch

from collectors import rollout
from collectors.plan import remaining, share
from collectors.policies import policy
from collectors.rollout import play, settings_of
from s2rm_sc2 import scenarios
from s2rm_sc2.episode import Episode
from s2rm_sc2.table import FIELDS, UnitTable
from s2rm_sc2.views.smac import SmacViews

SCENARIO = scenarios.get("2s3z")


def played(count: int, first: int = 0) -> list[Episode]:
    player = policy("mixture")
    plans = remaining(first, count, 9, "test", SCENARIO.name)
    return list(play(settings_of(SCENARIO, player, seed=9, purpose="test"), player, plans))


@pytest.fixture(scope="module")
def episodes() -> list[Episode]:
    return played(9)


def test_episodes_come_in_order_with_the_shapes_of_the_scenario(episodes: list[Episode]) -> None:
    assert [episode.index for episode in episodes] == list(range(9))
    assert len({episode.seed for episode in episodes}) == 9
    for episode in episodes:
        rows = episode.n_steps + 1
        assert 1 < rows <= SCENARIO.limit + 1
        assert episode.observation.shape == (rows, 5, 80)
        assert episode.state.shape == (rows, 120)
        assert episode.visible.shape == (rows, 5, 10)
        assert {len(array) for array in episode.rows().values()} == {rows}


@pytest.mark.parametrize("battles", [1, 4])
def test_an_episode_does_not_depend_on_its_neighbours(
    episodes: list[Episode], monkeypatch: pytest.MonkeyPatch, battles: int
) -> None:
    monkeypatch.setattr(rollout, "MOST_BATTLES", battles)
    for one, other in zip(played(9, first=4), episodes[4:], strict=True):
        assert (one.index, one.seed, one.epsilon, one.battle_won) == (
            other.index,
            other.seed,
            other.epsilon,
            other.battle_won,
        )
        for name, array in one.rows().items():
            np.testing.assert_array_equal(array, other.rows()[name], err_msg=name)


def test_actions_taken_were_available_and_the_closing_row_is_empty(episodes: list[Episode]) -> None:
    for episode in episodes:
        taken = np.take_along_axis(episode.available_actions[:-1], episode.action[:-1, :, None].astype(np.int64), -1)
        assert taken.all()
        assert not episode.action[-1].any()
        assert episode.reward[-1] == 0
        assert not (episode.terminated | episode.truncated)[:-2].any()
        assert (episode.terminated ^ episode.truncated)[-2:].all()


def test_the_outcome_is_what_the_last_row_shows(episodes: list[Episode]) -> None:
    for episode in episodes:
        allies, enemies = episode.units["alive"][-1, :5], episode.units["alive"][-1, 5:]
        assert episode.battle_won == (allies.any() and not enemies.any())
        assert episode.terminated[-1] == (not allies.any() or not enemies.any())
        assert episode.total_reward == pytest.approx(float(episode.reward.sum()))


def test_views_were_recorded_before_the_action_they_stand_beside(episodes: list[Episode]) -> None:
    views = SmacViews(SCENARIO)
    for episode in episodes[:3]:
        table = UnitTable(**{name: torch.from_numpy(np.array(episode.units[name])) for name in FIELDS})
        available = views.available_actions(table)
        np.testing.assert_array_equal(episode.available_actions, available)
        before = torch.from_numpy(np.concatenate([episode.action[:1] * 0, episode.action[:-1]])).long()
        steps = torch.arange(episode.n_rows)
        np.testing.assert_array_equal(episode.observation, views.observation(table, available, before, steps))
        np.testing.assert_array_equal(episode.state, views.state(table, before, steps))
        np.testing.assert_array_equal(episode.position[..., 0], episode.units["x"][:, :5])


def test_workers_share_the_plans_in_blocks_without_loss() -> None:
    plans = remaining(3, 50, 0, "test", "3m")
    shares = [share(plans, worker, 3, 8) for worker in range(3)]
    assert sorted(plan.index for part in shares for plan in part) == list(range(3, 50))
    assert [plan.index for plan in shares[1][:9]] == [*range(11, 19), 35]


def test_seeds_depend_on_seed_purpose_scenario_and_index_alone() -> None:
    plans = remaining(0, 20, 0, "collect", "3m")
    assert plans[7:] == remaining(7, 20, 0, "collect", "3m")
    others = [remaining(0, 20, *tree) for tree in ((1, "collect", "3m"), (0, "heldout", "3m"), (0, "collect", "8m"))]
    seeds = [plan.battle_seed for part in (plans, *others) for plan in part]
    seeds += [plan.policy_seed for part in (plans, *others) for plan in part]
    assert len(set(seeds)) == 160
