"""Which scenarios a model is tested on, given what it was trained on: versioned data, ``splits-v1.toml``."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from evaluation.runs import content
from s2rm_sc2.errors import BadArgument

PARTS = ("compositions", "counts", "terrain", "asymmetric", "fields")
"""What a test scenario varies: other teams, other numbers, other ground, unequal teams, more fights at once."""

_FILE = "splits-{}.toml"


@dataclass(frozen=True)
class TrainingSet:
    """What models are trained on, and what they are tested on.

    Attributes:
        name: what tables call it.
        trained: scenarios.
        episodes: of each, that the published tables train on.
        parts: test scenarios by what they vary; see :data:`PARTS`.
    """

    name: str
    trained: tuple[str, ...]
    episodes: int
    parts: Mapping[str, tuple[str, ...]]

    def tested(self, *parts: str) -> list[str]:
        """The scenarios trained on, then those of these parts, or of all of them, each once."""
        return list(
            dict.fromkeys([*self.trained, *(name for part in parts or self.parts for name in self.parts[part])])
        )


def versions() -> list[str]:
    """The versions there are, oldest first."""
    names = sorted(file.name for file in resources.files("evaluation").iterdir())
    before, after = _FILE.split("{}")
    return [name[len(before) : -len(after)] for name in names if name.startswith(before) and name.endswith(after)]


@cache
def training_sets(version: str) -> tuple[TrainingSet, ...]:
    """The training sets of a version.

    Raises:
        BadArgument: there is no such version.
    """
    if version not in versions():
        raise BadArgument(f"Split {version} is unknown; choose one of {', '.join(versions())}.")
    rows = tomllib.loads(resources.files("evaluation").joinpath(_FILE.format(version)).read_text())
    return tuple(
        TrainingSet(
            name=name,
            trained=tuple(row["trained"]),
            episodes=row["episodes"],
            parts={part: tuple(row[part]) for part in PARTS if part in row},
        )
        for name, row in rows.items()
    )


def training_set(version: str, name: str) -> TrainingSet:
    """The training set of this name."""
    return next(found for found in training_sets(version) if found.name == name)


def scenarios(split: str, trained: Sequence[Sequence[str]]) -> list[str]:
    """The test scenarios for runs, by a split's name: ``v1``, or one part of it, ``v1/counts``.

    Args:
        split: version and, after a slash, part.
        trained: the scenarios that each run was trained on.

    Raises:
        BadArgument: no such version or part, or one that is not for models trained on these scenarios.
    """
    version, slash, part = split.partition("/")
    sets = training_sets(version)
    chosen = [next((found for found in sets if _same(found.trained, names)), None) for names in trained]
    for names, found in zip(trained, chosen, strict=True):
        if found is None:
            offered = ", ".join(known.name for known in sets)
            raise BadArgument(
                f"Split {version} has no test for a model trained on {' and '.join(names)}; its training sets are "
                f"{offered}. Name the scenarios with --scenario instead."
            )
        if found is not chosen[0]:
            raise BadArgument(
                f"The runs were trained on different training sets of split {version}, so that no test is the same for "
                "all of them; evaluate them apart, or name the scenarios with --scenario."
            )
    found = chosen[0]
    assert found is not None
    if slash and part not in found.parts:
        raise BadArgument(f"Split {version} has no part {part!r} for {found.name}; choose {', '.join(found.parts)}.")
    return found.tested(*([part] if slash else []))


def _same(trained: Sequence[str], names: Sequence[str]) -> bool:
    return set(map(content, trained)) == set(map(content, names))
