"""How often bounds had to correct the dreams of a training: reports joined over its stages, parts and seeds."""

from collections.abc import Iterable

from s2rm_sc2.backends.bounds import BOUNDS
from s2rm_sc2.backends.learned import Report


def joined(reports: Iterable[Report]) -> Report:
    """All the unit steps of several reports as one."""
    found = list(reports)
    steps = sum(report.unit_steps for report in found)
    times = {name: sum(r.unit_steps * r.acted.get(name, 0.0) for r in found) for name in BOUNDS}
    sizes = {name: sum(r.unit_steps * r.acted.get(name, 0.0) * r.mean.get(name, 0.0) for r in found) for name in BOUNDS}
    return Report(
        unit_steps=steps,
        acted={name: count / max(steps, 1) for name, count in times.items()},
        mean={name: sizes[name] / count if count else 0.0 for name, count in times.items()},
    )


def table(report: Report) -> str:
    """Of 1,000 steps of a living unit, how many each bound corrected, and by how much; in Markdown."""
    rows = [("bound", "of 1,000 unit steps", "by"), ("---", "---:", "---:")]
    rows += [(name, f"{1000 * report.acted[name]:.1f}", f"{report.mean[name]:.2f}") for name in BOUNDS]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
