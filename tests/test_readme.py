"""Every command and every example of the README runs, at a small size."""

import re
import sys
from pathlib import Path

import pytest

from tests.commands import README, readme_blocks, shell

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("number", range(len(readme_blocks("python"))))
def test_the_python_examples_run(number: int, home: Path) -> None:
    script = home / f"example{number}.py"
    script.write_text(readme_blocks("python")[number])
    done = shell(f"{sys.executable} {script}", home)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_the_demo_ends_in_a_table_and_pictures(tmp_path: Path) -> None:
    if not (Path(sys.prefix) / ".installed").exists():
        pytest.skip("this environment was not made by `make test`")
    sizes = f"DEMO={tmp_path} EPISODES=20 UPDATES=5 TEST_EPISODES=2 PRESET=debug VENV={sys.prefix}"
    done = shell(f"make demo {sizes}", ROOT)
    assert done.returncode == 0, done.stderr
    assert "Position error in cells" in done.stdout
    assert (tmp_path / "watch" / "battle.gif").exists()
    assert (tmp_path / "report" / "report.md").exists()
    assert len(list((tmp_path / "report").glob("*.png"))) >= 4


def test_the_installation_resolves() -> None:
    (command,) = (block.strip() for block in readme_blocks("sh") if "pip install" in block)
    done = shell(f"python -m {command} --dry-run --quiet", ROOT)
    assert done.returncode == 0, done.stderr


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)", README):
        assert target.startswith("https://") or (ROOT / target).exists(), target
