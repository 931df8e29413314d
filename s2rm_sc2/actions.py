"""SMAC's action numbers."""

NO_OP, STOP, NORTH, SOUTH, EAST, WEST, FIRST_TARGET = range(7)
"""No-op is for the dead and only for them; ``FIRST_TARGET + k`` attacks enemy k (a healer: heals ally k)."""

MOVE_AMOUNT = 2
"""Cells that a move order leads away, SMAC's default."""
