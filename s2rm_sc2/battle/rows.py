"""Numbers of the rows of the engine's arrays, for compiled code: ``real[r.HEALTH, i]`` is unit i's health.

Times are game loops, distances cells, unit numbers rows of the unit table (-1 for none).
"""

# Rows of the float32 array.
X, Y = 0, 1  # centre of the body
HEALTH, SHIELD, ENERGY = 2, 3, 4
COOLDOWN = 5  # until the weapon is ready
RADIUS, BODY, INNER = 6, 7, 8  # radius for ranges, for contact with other bodies (separation), for walls
REACH = 9  # the weapon's range, edge to edge
STRIDE = 10  # distance walked in a loop at full speed
SWING = 11  # until the next hit of the attack under way
CALM = 12  # until the shield may regenerate
HUSH = 13  # until it may call for help again
GOAL_X, GOAL_Y = 14, 15  # where its order sends it; without an order, its post
WISH_X, WISH_Y = 16, 17  # displacement it wants in this loop
STEP_X, STEP_Y = 18, 19  # displacement of the last loop
EXPECT_X, EXPECT_Y = 20, 21  # displacement that others expect of it in this loop
NEXT_X, NEXT_Y = 22, 23  # position while it is being settled
PUSH_X, PUSH_Y = 24, 25  # how far overlaps move it
MISSILE_X, MISSILE_Y = 26, 27  # place of its missile
LINE_X, LINE_Y, LINE_BODY = 28, 29, 30  # the living side by side in order of x
SLACK = 31  # scratch of the neighbour search
PACE, ACCELERATION = 32, 33  # distance it can walk in this loop, and by how much that grows in a loop of walking

N_REALS = 34

# Rows of the int64 array.
TYPE, TEAM = 0, 1
ORDER = 2  # see s2rm_sc2.battle.orders
TARGET = 3  # whom it attacks or heals
HITS, STRUCK = 4, 5  # hits left of the attack under way, and whom it was begun on
ENGAGED = 6  # whom it has fired at without losing touch
MISSILE = 7  # whom its missile flies to
ATTACKER = 8  # the closest of those who damaged it in the last loop
SIDE = 9  # which way round it walks past a blocker: -1, 0 (undecided), 1
ACTIVE = 10  # 1: acquires targets by itself; 0: passive, as SMAC's allies
KIND = 11  # kind of body, see below
DEED = 12  # what it does in this loop
TURN = 13  # how many headings it is turned off its straight way, left positive
LINE, CREW = 14, 15  # all rows, and the rows of the living, in order of x
BLOCKER, BLOCKED = 16, 17  # who stands in its straight way (-1 for nobody), and its blocked headings, bit by bit

N_WHOLES = 18

# Deeds.
IDLE, WALKING, FIGHTING = 0, 1, 2  # fighting: holding its ground to attack or to heal
BURST = 3  # it has exploded; it leaves at the end of the same loop

# Kinds of bodies; who collides with whom: s2rm_sc2.battle.neighbours.
GROUND, CLIFF, AIR, STRUCTURE = 0, 1, 2, 3

# Columns of the unit type constants; speeds and rates per loop.
MAX_HEALTH = 0
MAX_SHIELD = 1
ARMOR = 2
REGENERATION = 3
SLOP = 4
SIGHT = 5
PERIOD = 6
DAMAGE_POINT = 7
N_HITS = 8
HIT_DELAY = 9
MISSILE_SPEED = 10
CIRCLES = 11
SPACING = 12
CIRCLE = 13
# From here on 0 for types without the ability.
BLAST = 14  # radius of its explosion
BIOLOGICAL = 15  # 1: may be healed
MAX_ENERGY = 16
ENERGY_RATE = 17
HEAL_RATE = 18
HEAL_RANGE = 19
HEAL_SCAN = 20  # distance at which it looks for patients by itself
HEAL_COST = 21  # energy per point of health
HEAL_START = 22  # energy needed to begin by itself
N_CONSTANTS = 23
