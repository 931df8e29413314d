"""The numbers of the two sides, as unit tables have them."""

ALLY, ENEMY = 0, 1
