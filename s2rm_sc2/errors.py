"""Named errors: each says what is wrong, where it was looked for and what to do next.

The command line prints the message of any :class:`S2rmError` as one sentence and exits with code 2.
"""


class S2rmError(Exception):
    """Base of every error that a user can cause and mend."""


class BadArgument(S2rmError):
    """Raised when an argument is outside the range that its help text states."""


class UnavailableAction(BadArgument, AssertionError):
    """Raised when an agent is told to do what it cannot; also an AssertionError, which SMAC raises here."""


class ScenarioUnknown(S2rmError):
    """Raised when a name is neither a SMAC map nor a composition such as ``3s5z``."""


class ScenarioUnsupported(S2rmError):
    """Raised when a backend cannot play a scenario faithfully; the message names what is missing."""


class StoreMissing(S2rmError):
    """Raised when no episode store lies at the given place."""


class StoreBroken(S2rmError):
    """Raised when a store cannot be read as its format version promises."""


class StoreMismatch(S2rmError):
    """Raised when a store was collected with other settings than those asked for now."""


class StoreBusy(S2rmError):
    """Raised when another process is writing the store."""


class DiskFull(S2rmError):
    """Raised when the file system refuses a write; everything committed before stays readable."""


class WorkerDied(S2rmError):
    """Raised when a worker process ends without having been told to."""


class CheckpointMissing(S2rmError):
    """Raised when no trained run lies at the given place."""


class CheckpointBroken(S2rmError):
    """Raised when a checkpoint is truncated, altered or of another format or view version."""


class TrainingDiverged(S2rmError):
    """Raised when a loss or gradient is no longer finite; the message names the batch it came from."""


class StarCraftMissing(S2rmError):
    """Raised when StarCraft II, one of its maps or what talks to it is not where it was looked for."""


class GameFailed(S2rmError):
    """Raised when the game keeps failing though it was restarted as often as is allowed, or nobody answers for it."""


class BattleLost(S2rmError):
    """Raised when the game failed in the middle of a battle: it must be played again from its start."""
