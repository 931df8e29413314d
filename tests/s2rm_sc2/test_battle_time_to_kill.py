"""Time to kill of pairs of unit types, worked out by hand from SC2's data; times in loops, 16 a second.

The k-th attack starts k - 1 periods after the first, each period lengthened by -1 to +2 loops, half a loop on average.
Health of zerg grows by .2734 / 16 = .01709 a loop.
"""

from typing import NamedTuple

import numpy as np
import pytest

from s2rm_sc2.battle.loop import advance
from tests.arena import duel

BATTLES = 64


class Pair(NamedTuple):
    """A pair, edges ``gap`` apart: attacks needed, and loops from the last one's start to its killing hit."""

    attacker: str
    victim: str
    gap: float
    attacks: int
    lands: float
    period: float


MARINE, MARAUDER, STALKER, ZEALOT, COLOSSUS = 0.8608 * 16, 1.5 * 16, 1.44 * 16, 1.2 * 16, 2.2 * 16
ZERGLING, BANELING, HYDRALISK, SPINE = 0.696 * 16, 0.833 * 16, 0.83 * 16, 1.6 * 16
SECOND_HIT, SWEEP = 0.28 * 16, 0.25 * 16
PAIRS = [
    # damage point .05 s, 6 points, immediate
    Pair("marine", "marine", 3.0, 8, 0.05 * 16, MARINE),  # 45 / 6 = 7.5
    Pair("marine", "zealot", 3.0, 29, 0.05 * 16, MARINE),  # shield 8 x 6 = 48; 2 + (4 - 1); 97 / 5 = 19.4
    Pair("marine", "medivac", 3.0, 30, 0.05 * 16, MARINE),  # 150 / (6 - 1) = 30
    Pair("marine", "zergling", 3.0, 7, 0.05 * 16, MARINE),  # 6 x 6 = 36 < 35 + at least 1.09 regained
    Pair("marine", "baneling", 3.0, 6, 0.05 * 16, MARINE),  # 5 x 6 = 30 < 30 + at least .87 regained
    # no damage point, 10 (+10 armoured), missile 20 / 16 = 1.25 cells a loop between centres
    Pair("marauder", "stalker", 3.0, 9, (3 + 0.5625 + 0.625) / 1.25, MARAUDER),  # 80 / 20 = 4; 80 / 19 = 4.2
    Pair("marauder", "zealot", 3.0, 17, (3 + 0.5625 + 0.5) / 1.25, MARAUDER),  # 50 / 10 = 5; 100 / 9 = 11.1
    Pair("marauder", "spine_crawler", 3.0, 18, (3 + 0.5625 + 0.875) / 1.25, MARAUDER),
    # ^ 17 x 18 = 306 < 300 + 16 x 23 x .01709 = 306.3
    # damage point .167 s, 10 (+4 armoured), missile 18.75 / 16 = 1.171875 cells a loop
    Pair("stalker", "stalker", 3.0, 12, 0.167 * 16 + (3 + 1.25) / 1.171875, STALKER),
    # ^ 5 x 14 = 70; 10 + (4 - 1); 77 / 13 = 5.9
    Pair("stalker", "marauder", 3.0, 10, 0.167 * 16 + (3 + 1.1875) / 1.171875, STALKER),  # 125 / 13 = 9.6
    Pair("stalker", "spine_crawler", 3.0, 26, 0.167 * 16 + (3 + 1.5) / 1.171875, STALKER),
    # ^ 25 x 12 = 300 < 300 + regained; 26 x 12 = 312 > 300 + 25 x 25.04 x .01709 = 310.7
    # two hits of 8 an attack, .28 s apart
    Pair("zealot", "marine", 0.05, 3, SECOND_HIT, ZEALOT),  # 45 / 8 = 5.6, so 6 hits
    Pair("zealot", "zealot", 0.05, 11, 0.0, ZEALOT),  # 6 x 8 = 48; 2 + (6 - 1); 95 / 7 = 13.6: hit 21
    Pair("zealot", "stalker", 0.05, 11, SECOND_HIT, ZEALOT),  # 80 / 8 = 10; 80 / 7 = 11.4: hit 22
    Pair("zealot", "colossus", 0.05, 24, SECOND_HIT, ZEALOT),  # 18 x 8 = 144; 6 + (2 - 1); 199 / 7 = 28.4: hit 48
    # damage point .0832 s, then two sweeps of .25 s, 20 points at the end of each
    Pair("colossus", "marine", 3.0, 2, 0.0832 * 16 + SWEEP, COLOSSUS),  # 45 / 20 = 2.25: sweep 3
    Pair("colossus", "zergling", 3.0, 1, 0.0832 * 16 + 2 * SWEEP, COLOSSUS),  # 35 / 20 = 1.75: sweep 2
    Pair("colossus", "zealot", 3.0, 4, 0.0832 * 16 + 2 * SWEEP, COLOSSUS),  # 40; 10 + (10 - 1); 91 / 19 = 4.8: 8
    Pair("colossus", "spine_crawler", 3.0, 9, 0.0832 * 16 + SWEEP, COLOSSUS),
    # ^ 16 x 18 = 288 < 300; 17 x 18 = 306 > 300 + 8 x 37.2 x .01709 = 305.1: sweep 17
    # damage point .167 s, 5 points
    Pair("zergling", "marine", 0.05, 9, 0.167 * 16, ZERGLING),  # 45 / 5 = 9
    Pair("zergling", "hydralisk", 0.05, 17, 0.167 * 16, ZERGLING),  # 16 x 5 = 80 < 80 + regained
    Pair("baneling", "zergling", 0.2, 1, 0.0, BANELING),  # 20 + 15 against light = 35
    # damage point .208 s, 12 points, missile 40 / 16 = 2.5 cells a loop
    Pair("hydralisk", "zealot", 3.0, 14, 0.208 * 16 + (3 + 1.125) / 2.5, HYDRALISK),  # 48; 2 + (10 - 1); 91 / 11 = 8.3
    Pair("hydralisk", "medivac", 3.0, 14, 0.208 * 16 + (3 + 1.375) / 2.5, HYDRALISK),  # 150 / 11 = 13.6
    # damage point .333 s, 25 (+5 armoured), immediate
    Pair("spine_crawler", "stalker", 3.0, 6, 0.333 * 16, SPINE),  # 60; 20 + (10 - 1); 71 / 29 = 2.4
    Pair("spine_crawler", "zealot", 3.0, 7, 0.333 * 16, SPINE),  # 50 / 25 = 2; 100 / 24 = 4.2
]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair.attacker}-{pair.victim}")
def test_time_to_kill(pair: Pair) -> None:
    waits = pair.attacks - 1
    earliest, mean, latest = (pair.lands + waits * (pair.period + delay) for delay in (-1.0, 0.5, 2.0))
    field = duel(pair.attacker, pair.victim, pair.gap, BATTLES)
    died = np.zeros(BATTLES)
    for loop in range(1, int(latest) + 2):
        advance(field, 1)
        died[(died == 0) & ~field.alive[:, 1]] = loop
    assert died.min() >= int(earliest) + 1  # a hit at 0.8 loops falls within the first loop
    if waits:
        spread = 3.0 / np.sqrt(12.0) * np.sqrt(waits)  # of a sum of uniform delays
        assert died.mean() == pytest.approx(mean + 0.5, abs=4.0 * spread / np.sqrt(BATTLES) + 0.1)
