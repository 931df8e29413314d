"""Making every map known to Gymnasium, once Gymnasium is there, without importing it before anybody asks for it.

``gymnasium.make("s2rm_sc2:3s5z-v0")`` imports ``s2rm_sc2`` and then looks the name up. Where ``s2rm_sc2`` came first,
that import does nothing any more, so the package waits for Gymnasium and registers when it arrives.
"""

import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

GENERIC = "battle"
"""The id that plays any scenario: ``gymnasium.make("s2rm_sc2:battle-v0", map_name="5s3z")``."""


def register() -> None:
    """Register ``s2rm_sc2/NAME-v0`` and ``NAME-v0`` for every map and family, and for :data:`GENERIC`."""
    import gymnasium

    from s2rm_sc2.scenarios import family_names, smac_names

    for name in (GENERIC, *smac_names(), *family_names()):
        for prefix in ("s2rm_sc2/", ""):
            identity = f"{prefix}{name}-v0"
            if identity not in gymnasium.registry:
                gymnasium.register(
                    identity,
                    entry_point="s2rm_sc2.envs.gymnasium:BattleEnv",
                    kwargs={} if name == GENERIC else {"map_name": name},
                )


def register_when_possible() -> None:
    """Register now where Gymnasium is imported already, otherwise as soon as somebody imports it."""
    if "gymnasium" in sys.modules:
        register()
    else:
        sys.meta_path.insert(0, _Awaiting())


class _Awaiting:
    """A finder that finds nothing itself: it adds the registration to Gymnasium's own import, and leaves then.

    Whoever only asks whether Gymnasium is there, as TorchRL does, gets a specification that is never executed.
    """

    def __init__(self) -> None:
        self._asking = False

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != "gymnasium" or self._asking:
            return None
        self._asking = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._asking = False
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_and_register(module: ModuleType) -> None:
                execute(module)
                sys.meta_path.remove(self)
                register()

            setattr(spec.loader, "exec_module", execute_and_register)  # noqa: B010 - typed as a method
        return spec
