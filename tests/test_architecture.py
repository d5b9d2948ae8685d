"""docs/architecture.md tells the truth about folders and processes."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "architecture.md").read_text()


def test_every_folder_of_the_program_is_in_the_table_and_every_row_exists():
    told = set(re.findall(r"^\| `((?:core|dfl_tui|themes)[\w/]*)` \|", TEXT, flags=re.M))
    there = {f"core/{p.name}" for p in (ROOT / "core").iterdir() if (p / "__init__.py").exists()}
    assert told == there | {"dfl_tui", "themes"}


def test_every_process_and_module_that_is_named_exists():
    for module in re.findall(r"`(core\.\w+\.\w+)`", TEXT):
        assert (ROOT / (module.replace(".", "/") + ".py")).is_file(), module
    for file in re.findall(r"`((?:core|dfl_tui)/\w+(?:/\w+)?\.py)`", TEXT):
        assert (ROOT / file).is_file(), file
