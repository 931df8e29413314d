"""SMAC's keywords about the game and its built-in players: what they do here, and which of them do nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from s2rm_sc2.errors import BadArgument
from s2rm_sc2.units import LOOPS_PER_STEP
from s2rm_sc2.views.options import SmacOptions

DIFFICULTIES = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "A")

OF_SMAC2 = frozenset(
    {
        "capability_config", "obs_own_pos", "obs_starcraft", "conic_fov", "num_fov_actions", "use_unit_ranges",
        "min_attack_range", "kill_unit_step_mul", "fully_observable", "prob_obs_enemy", "action_mask",
    }
)  # fmt: skip
"""Keywords that only SMACv2's environment has."""


@dataclass(frozen=True)
class GameOptions:
    """SMAC's keywords that concern neither vectors nor rewards, under SMAC's names and with SMAC's defaults.

    Attributes:
        step_mul: game loops that pass in one step; None is the usual 8.
        difficulty: accepted and without effect: SMAC's maps start no computer player whose skill it could set.
        game_version, window_size_x, window_size_y, debug: accepted and without effect: there is no game, no window and
            no protocol to log.
        replay_dir: folder that ``save_replay`` writes into; the current one where empty.
        replay_prefix: how the names of replays begin; the map's name where empty.
        heuristic_ai: agents play SMAC's heuristic; the actions they are told are only noted down.
        heuristic_rest: the heuristic walks towards targets out of range, instead of attacking at any distance.

    Raises:
        BadArgument: a value that SMAC has no meaning for.
    """

    step_mul: int | None = LOOPS_PER_STEP
    difficulty: str = "7"
    game_version: str | None = None
    replay_dir: str = ""
    replay_prefix: str = ""
    window_size_x: int = 1920
    window_size_y: int = 1200
    heuristic_ai: bool = False
    heuristic_rest: bool = False
    debug: bool = False

    def __post_init__(self) -> None:
        if self.step_mul is not None and (self.step_mul != int(self.step_mul) or self.step_mul < 1):
            raise BadArgument(f"step_mul is {self.step_mul}; give a whole number of game loops, at least 1.")
        if str(self.difficulty) not in DIFFICULTIES:
            raise BadArgument(f"difficulty is {self.difficulty!r}; SMAC's are {', '.join(DIFFICULTIES)}.")

    @property
    def loops(self) -> int:
        """Game loops per step."""
        return LOOPS_PER_STEP if self.step_mul is None else int(self.step_mul)


def read(options: Mapping[str, Any]) -> tuple[GameOptions, SmacOptions]:
    """SMAC's keywords, sorted by what they concern.

    Raises:
        BadArgument: a value out of range, or a keyword of SMACv2.
        TypeError: no keyword has this name.
    """
    of_game, of_views = ({field.name for field in fields(kind)} for kind in (GameOptions, SmacOptions))
    for name in options.keys() - of_game - of_views:
        if name in OF_SMAC2:
            raise BadArgument(
                f"{name} is a keyword of SMACv2, whose teams, ranges and views belong to a scenario here; leave it out "
                "and name the scenario, e.g. map_name='10gen_protoss' (all names: s2rm-sc2 scenarios)."
            )
        raise TypeError(f"StarCraft2Env got an unexpected keyword argument {name!r}.")
    game = GameOptions(**{name: value for name, value in options.items() if name in of_game})
    return game, SmacOptions(**{name: value for name, value in options.items() if name in of_views})
