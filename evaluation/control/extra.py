"""Whether the extra that control needs is there."""

from importlib.util import find_spec

from s2rm_sc2.errors import BadArgument


def need_torchrl() -> None:
    """Make sure that TorchRL can be used.

    Raises:
        BadArgument: it is not installed.
    """
    if find_spec("torchrl") is None:
        raise BadArgument(
            "Training policies needs TorchRL, which is not installed; install it beside the rest: "
            "pip install 's2rm-sc2[marl]', or from a clone pip install -c constraints.txt '.[marl]'."
        )
