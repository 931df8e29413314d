"""Numbers that StarCraft II and SMAC's maps give to abilities and players."""

MOVE, ATTACK, STOP, HEAL = 16, 23, 4, 386
"""Abilities of a unit command."""

US, THEM = 1, 2
"""Owners: SMAC's agents are player 1, the computer is player 2."""

MAPS = "SMAC_Maps"
"""The folder of SMAC's maps below the game's ``Maps``."""
