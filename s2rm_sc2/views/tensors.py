"""SMAC's vectors in tensor operations: on any device, and what the compiled vectors must equal bit for bit."""

from functools import cached_property

import torch
from torch import Tensor

from s2rm_sc2.actions import FIRST_TARGET, NO_OP, NORTH
from s2rm_sc2.table import UnitTable
from s2rm_sc2.views.layout import N_PLANES, NOTHING, Constants, SmacLayout
from s2rm_sc2.views.sight import offsets, sees, within_sight


class TensorViews:
    """The vectors of one layout; methods as :class:`s2rm_sc2.views.smac.SmacViews` describes them."""

    def __init__(self, layout: SmacLayout) -> None:
        self._layout, self._scenario, self._options = layout, layout.scenario, layout.options
        self._constants = {torch.device("cpu"): layout.constants()}
        self._state = torch.tensor(self._state_index())

    def available_actions(self, units: UnitTable) -> Tensor:
        """Bool ``[B, A, n_actions]``."""
        constants, A = self._on(units.x.device), self._layout.n_agents
        alive = units.alive[:, :A, None]
        *_, distance = offsets(units, A)
        in_range = (distance <= constants.shoot[units.type[:, :A], None]) & units.alive[:, None]
        targets = self._with_heals(units, in_range) if self._layout.has_healers else in_range[:, :, A:]
        moves = self._ground(units, constants.moves, constants.open)
        living = torch.cat([torch.ones_like(alive), moves, targets], -1) & alive
        return torch.cat([~alive, living], -1)

    def observation(
        self, units: UnitTable, available: Tensor, last_action: Tensor | None, step: Tensor | None
    ) -> Tensor:
        """Float32 ``[B, A, obs]``."""
        A, constants = self._layout.n_agents, self._on(units.x.device)
        dx, dy, distance = offsets(units, A)
        seen = within_sight(units, distance, constants.sight)
        sight = constants.sight[units.type[:, :A]]
        where = (torch.stack([distance, dx, dy], 2) / sight[:, :, None, None]).float()
        targets = available[:, :, FIRST_TARGET : FIRST_TARGET + self._layout.n_enemies].float()
        flags = torch.nn.functional.pad(targets, (A, 0), value=1.0)
        width, height = self._scenario.terrain.size
        place = torch.stack([(units.x.double() / width).float(), (units.y.double() / height).float()])
        points, _, bits = self._kinds(units)
        body = torch.cat([points, place, bits])
        if self._options.obs_last_action:
            last = self.last_action_bits(units, last_action).permute(2, 0, 1)
            body = torch.cat([body, torch.nn.functional.pad(last, (0, self._layout.n_enemies))])
        known = body.transpose(0, 1)[:, None].expand(-1, A, -1, -1)
        # Adding 0 turns the -0 that a masked negative offset leaves into the 0 that SMAC has.
        planes = torch.cat([flags[:, :, None], where, known], 2).mul_(seen[:, :, None].float()).add_(0.0)
        columns = planes.flatten(1).index_select(1, self._observation.to(units.x.device))
        parts = [*self._surroundings(units, available), columns.reshape(columns.shape[0], A, -1)]
        if self._options.obs_timestep_number:
            clock = self._clock(units, step)[:, None, None].expand(-1, A, 1)
            reserved = "reserved" in self._layout.observation_features["own"]
            parts += [torch.zeros_like(clock), clock] if reserved else [clock]
        return torch.cat(parts, -1)

    def state(self, units: UnitTable, last_action: Tensor, step: Tensor) -> Tensor:
        """Float32 ``[B, state]``, not made of observations."""
        parts = [self.unit_state(units)]
        if self._options.state_last_action:
            parts.append(self.last_action_bits(units, last_action).flatten(1))
        if self._options.state_timestep_number:
            parts.append(self._clock(units, step)[:, None])
        return torch.cat(parts, -1)

    def unit_state(self, units: UnitTable) -> Tensor:
        """The state's part about units, float32 ``[B, A * ally columns + enemies * enemy columns]``."""
        constants, (width, height) = self._on(units.x.device), self._scenario.terrain.size
        x = ((units.x.double() - width / 2) / width).float()
        y = ((units.y.double() - height / 2) / height).float()
        points, cooldown, bits = self._kinds(units)
        charge = torch.where(constants.heals[units.type], units.energy, units.cooldown)
        planes = torch.cat([points, torch.stack([charge / cooldown, x, y]), bits])
        planes = planes.masked_fill_(~units.alive, 0.0).transpose(0, 1)
        return planes.flatten(1).index_select(1, self._state.to(units.x.device))

    def sees(self, units: UnitTable) -> Tensor:
        """Bool ``[B, A, U]``, see :func:`s2rm_sc2.views.sight.sees`."""
        return sees(units, self._scenario)

    def last_action_bits(self, units: UnitTable, last_action: Tensor | None) -> Tensor:
        """Float32 ``[B, A, n_actions]``, one-hots, zeros before the first action."""
        alive = units.alive[:, : self._layout.n_agents]
        bits = torch.zeros((*alive.shape, self._layout.n_actions), device=alive.device)
        if last_action is None:
            return bits
        # Only the dead do nothing: 0 for the living means that they have not acted yet.
        acted = (last_action > NO_OP) | ~alive
        return bits.scatter_(-1, last_action[..., None], acted[..., None].float())

    def _on(self, device: torch.device) -> Constants:
        if device not in self._constants:
            self._constants[device] = self._constants[torch.device("cpu")].to(device)
        return self._constants[device]

    def _kinds(self, units: UnitTable) -> tuple[Tensor, Tensor, Tensor]:
        """Fractions of health and shield ``[2, B, U]``, SMAC's maximal cooldown ``[B, U]``, bits ``[bits, B, U]``."""
        constants = self._on(units.x.device)
        kinds = constants.kinds[:, units.type + constants.side]
        return torch.stack([units.health, units.shield]) / kinds[:2], kinds[2], kinds[3:]

    def _with_heals(self, units: UnitTable, in_range: Tensor) -> Tensor:
        """Targets bool ``[B, A, n_targets]``: enemies for most, allies for agents that heal."""
        A = self._layout.n_agents
        heals = self._on(units.x.device).heals[units.type[:, :A]]
        attack = in_range.new_zeros((*in_range.shape[:2], self._layout.n_targets))
        heal = attack.clone()
        attack[:, :, : self._layout.n_enemies] = in_range[:, :, A:]
        heal[:, :, :A] = in_range[:, :, :A] & ~heals[:, None]
        return torch.where(heals[..., None], heal, attack)

    def _ground(self, units: UnitTable, points: Tensor, grid: Tensor) -> Tensor:
        """The grid at points ``[P, 2]`` relative to each agent: ``[B, A, P]``.

        Coordinates are truncated towards zero as Python's ``int`` does: whole points are relative to the
        truncated position, others are added before truncation, as SMAC has it in one case and the other.
        """
        A = self._layout.n_agents
        place = torch.stack([units.x[:, :A], units.y[:, :A]], -1)
        place = place.double() if points.is_floating_point() else place.long()
        cell = (place[:, :, None] + points).long()
        column = cell[..., 0].clamp(-1, grid.shape[0] - 2) + 1
        row = cell[..., 1].clamp(-1, grid.shape[1] - 2) + 1
        return grid.take(column * grid.shape[1] + row)

    def _surroundings(self, units: UnitTable, available: Tensor) -> list[Tensor]:
        """The movement features: moves, then pathing and height where options ask for them."""
        constants, options = self._on(units.x.device), self._options
        dead = ~units.alive[:, : self._layout.n_agents, None]
        parts = [available[:, :, NORTH:FIRST_TARGET].float()]
        if options.obs_pathing_grid:
            parts.append(self._ground(units, constants.around[:-1], constants.pathing).masked_fill(dead, 0.0))
        if options.obs_terrain_height:
            parts.append(self._ground(units, constants.around, constants.elevation).masked_fill(dead, 0.0))
        return parts

    def _clock(self, units: UnitTable, step: Tensor | None) -> Tensor:
        """Elapsed share of the limit, float32 ``[B]``."""
        if step is None:
            return units.x.new_zeros(units.x.shape[0])
        return (step.double() / self._scenario.limit).float()

    @cached_property
    def _observation(self) -> Tensor:
        """Where the agents' columns are found, one after the other; long for large scenarios, and seldom needed."""
        return torch.tensor([i for agent in range(self._layout.n_agents) for i in self._observation_index(agent)])

    def _observation_index(self, agent: int) -> list[int]:
        """Where one agent's columns about units are found in the planes ``[A, planes, U]``."""
        A, U, planes = self._layout.n_agents, self._scenario.n_units, self._layout.planes()
        n_planes = N_PLANES + self._scenario.type_bits
        start = agent * (n_planes + self._layout.n_actions * self._options.obs_last_action)
        others = [ally for ally in range(A) if ally != agent]
        return [
            *((start + plane) * U + enemy for enemy in range(A, U) for plane in planes["enemy"]),
            *((start + plane) * U + ally for ally in others for plane in planes["ally"]),
            *((start + plane) * U + agent for plane in planes["own"] if plane != NOTHING),
        ]

    def _state_index(self) -> list[int]:
        A, U, (ally, enemy) = self._layout.n_agents, self._scenario.n_units, self._layout.state_planes()
        return [plane * U + row for row in range(U) for plane in (ally if row < A else enemy)]
