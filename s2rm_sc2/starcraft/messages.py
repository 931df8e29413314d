"""StarCraft II's messages (``s2clientprotocol``), importable with any protobuf.

The package on the index was generated before protobuf 3.19, which newer protobufs refuse to import. Its descriptors are
as good as ever, so where the import fails they are read out of its files and the messages are built from them at run
time, with protobuf's fast implementation. A package with fresh generated code is imported as it is.
"""

import ast
import importlib
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

from s2rm_sc2.errors import StarCraftMissing

Message: TypeAlias = Any
"""A message, or a part of one; generated code has no types."""

PACKAGE = "s2clientprotocol"
NAMES = ("common", "error", "data", "raw", "score", "spatial", "ui", "query", "debug", "sc2api")
"""The package's files, each after those it needs."""


def load() -> ModuleType:
    """The module ``s2clientprotocol.sc2api_pb2``; afterwards others (pysc2, SMAC) import all of them too.

    Raises:
        StarCraftMissing: the extra ``sc2`` is not installed.
    """
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None or find_spec("google") is None:
        raise StarCraftMissing(
            f"The package {PACKAGE} is not installed, so nothing can talk to StarCraft II; "
            "install it with: pip install 's2rm-sc2[sc2]'."
        )
    folder = Path(spec.origin).parent
    try:
        for name in NAMES:
            importlib.import_module(f"{PACKAGE}.{name}_pb2")
    except TypeError:  # protobuf: "Descriptors cannot be created directly"
        for name in NAMES:
            _build(f"{PACKAGE}.{name}_pb2", folder / f"{name}_pb2.py")
    return sys.modules[f"{PACKAGE}.sc2api_pb2"]


def _build(name: str, path: Path) -> None:
    """Make the module of one file of messages from the descriptor that its generated code holds."""
    from google.protobuf import descriptor_pool
    from google.protobuf.internal import builder

    module = ModuleType(name)
    descriptor = descriptor_pool.Default().AddSerializedFile(_descriptor(path))
    builder.BuildMessageAndEnumDescriptors(descriptor, module.__dict__)
    builder.BuildTopDescriptorsAndMessages(descriptor, name, module.__dict__)
    module.__dict__["DESCRIPTOR"] = descriptor
    sys.modules[name] = module
    setattr(sys.modules[PACKAGE], name.rpartition(".")[2], module)


def _descriptor(path: Path) -> bytes:
    """The serialized descriptor in the text of generated code, which is not run."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.keyword) and node.arg == "serialized_pb":
            found = ast.literal_eval(node.value.args[0] if isinstance(node.value, ast.Call) else node.value)
            return found if isinstance(found, bytes) else found.encode("latin1")
    raise StarCraftMissing(f"{path} holds no messages as {PACKAGE} has them; install it anew: pip install {PACKAGE}.")
