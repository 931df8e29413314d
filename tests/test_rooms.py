"""Who may import whom: the arrows of the house, no drawers, no file too long to read in one sitting."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("s2rm_sc2", "collectors", "worldmodel", "evaluation")
FILES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
MAY_IMPORT = {
    "s2rm_sc2": {"s2rm_sc2"},
    "collectors": {"s2rm_sc2", "collectors"},
    "worldmodel": {"s2rm_sc2", "worldmodel"},
    "evaluation": set(ROOMS),
}


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """The modules that a file imports, and whether it does so inside a function."""
    tree = ast.parse(path.read_text())
    late = {id(n) for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) for n in ast.walk(f)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in late) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, id(node) in late


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_arrows_point_down(path: Path) -> None:
    relative = path.relative_to(ROOT)
    for module, late in imports(path):
        room = module.split(".")[0]
        if room not in ROOMS:
            continue
        if relative == Path("s2rm_sc2/cli.py"):
            assert room == "s2rm_sc2" or late, f"{relative} imports {module} outside its verbs"
        else:
            assert room in MAY_IMPORT[relative.parts[0]], f"{relative} imports {module}"
        assert module != "s2rm_sc2.cli" or relative == Path("s2rm_sc2/__main__.py")
        if relative.parts[0] == "worldmodel":
            assert not module.startswith(("s2rm_sc2.envs", "s2rm_sc2.backends", "s2rm_sc2.battle")), module


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_say_what_they_are_and_stay_readable(path: Path) -> None:
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text)), "no module docstring"
    assert text.count("\n") <= 400
    assert path.name not in {"utils.py", "common.py", "helpers.py", "misc.py", "base.py"}


def test_only_the_store_knows_zarr() -> None:
    knowing = {path.relative_to(ROOT).parts[1] for path in FILES for module, _ in imports(path) if module == "zarr"}
    assert knowing == {"store"}
