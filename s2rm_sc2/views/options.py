"""SMAC's options that concern views and rewards, under SMAC's names and with SMAC's defaults."""

from dataclasses import dataclass

from s2rm_sc2.actions import MOVE_AMOUNT
from s2rm_sc2.errors import BadArgument


@dataclass(frozen=True)
class SmacOptions:
    """How SMAC's vectors, masks and rewards are made (keywords of SMAC's ``StarCraft2Env``).

    Attributes:
        move_amount: cells that a move order leads away; a move is available when the cell at *half* that
            distance can be walked. Whole, since SMAC indexes its grids with multiples of it.
        obs_all_health: health and shield of units in sight; implies ``obs_own_health`` as in SMAC.
        obs_own_health: the agent's own health and shield.
        obs_last_action: last actions of allies in sight.
        obs_pathing_grid: whether eight points around the agent can be walked.
        obs_terrain_height: the height of those points and of the agent's own.
        obs_instead_of_state: the state is all observations in a row.
        obs_timestep_number: elapsed share of the limit; SMAC counts its slot twice, see
            :attr:`s2rm_sc2.views.smac.SmacViews.observation_columns`.
        state_last_action: last actions of all agents in the state.
        state_timestep_number: elapsed share of the limit in the state.
        reward_sparse: 1 for a win, -1 for a loss, 0 for all else.
        reward_only_positive: count what happens to enemies only, as an absolute value (SMACv2: nothing below 0).
        reward_death_value: points per enemy killed, and per ally lost unless ``reward_only_positive``.
        reward_win, reward_defeat: points added when the battle is won or lost.
        reward_negative_scale: weight of damage to allies and of their deaths.
        reward_scale: divide rewards by ``max_reward / reward_scale_rate`` (sparse rewards too, as SMAC does).

    Raises:
        BadArgument: a value that no vector or reward can be made with.
    """

    move_amount: int = MOVE_AMOUNT
    obs_all_health: bool = True
    obs_own_health: bool = True
    obs_last_action: bool = False
    obs_pathing_grid: bool = False
    obs_terrain_height: bool = False
    obs_instead_of_state: bool = False
    obs_timestep_number: bool = False
    state_last_action: bool = True
    state_timestep_number: bool = False
    reward_sparse: bool = False
    reward_only_positive: bool = True
    reward_death_value: float = 10.0
    reward_win: float = 200.0
    reward_defeat: float = 0.0
    reward_negative_scale: float = 0.5
    reward_scale: bool = True
    reward_scale_rate: float = 20.0

    def __post_init__(self) -> None:
        if self.move_amount != int(self.move_amount) or self.move_amount < 1:
            raise BadArgument(f"move_amount is {self.move_amount}; give a whole number of cells, at least 1.")
        if self.reward_scale_rate <= 0:
            raise BadArgument(f"reward_scale_rate is {self.reward_scale_rate}; give a number above 0.")

    @property
    def own_health(self) -> bool:
        """Whether an agent sees its own health: SMAC forces it on with ``obs_all_health``."""
        return self.obs_own_health or self.obs_all_health
