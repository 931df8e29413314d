"""Every example of docs/simulator.md runs, in a folder with stores and a run."""

import importlib.util
import re
from contextlib import chdir
from pathlib import Path

import pytest

PAGE = (Path(__file__).parent.parent / "docs" / "simulator.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_the_examples_run(number: int, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if "torchrl" in EXAMPLES[number] and importlib.util.find_spec("torchrl") is None:
        pytest.skip("TorchRL, of the extra `marl`, is not installed")
    with chdir(home):
        exec(compile(EXAMPLES[number], f"simulator.md, example {number}", "exec"), {})
    assert capsys.readouterr().out
