"""The languages: a translation keeps the places of its sentence, is compiled, and fits on the screen."""

import os
import string
import subprocess
import sys
from pathlib import Path

import pytest

from dfl_tui.keys import KEYS
from dfl_tui.language import LOCALE
from dfl_tui.phase import PHASES
from scripts.translations import compiled, read_po

ROOT = Path(__file__).resolve().parents[2]
CATALOGUES = sorted(LOCALE.glob("*/LC_MESSAGES/dfl_tui.po"))
# The console in the language of the environment, on a run that is played from a formula: cells of every row.
LOOK = """
import asyncio, sys
from pathlib import Path
from rich.cells import cell_len
from core.run.start import Place
from dfl_tui.program import Program
from tests.console.recorded import serving

async def look(folder):
    async with serving(folder, speed=0.0):
        app = Program(folder, Place("anna-on-bo", folder))
        async with app.run_test(size=(80, 24)) as pilot:
            async with asyncio.timeout(60):
                while True:
                    rows = ["".join(s.text for s in row) for row in app.screen._compositor.render_strips()]
                    if any("src ━" in row for row in rows):
                        break
                    await pilot.pause(0.05)
            print("\\n".join(f"{cell_len(row)} {row}" for row in rows))

asyncio.run(look(Path(sys.argv[1])))
"""


def places(text: str) -> set[str]:
    return {name for _text, name, _form, _conversion in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("file", CATALOGUES, ids=lambda file: file.parts[-3])
def test_a_translation_keeps_the_places_of_its_sentence(file):
    for sentence, texts in read_po(file).items():
        if sentence:
            assert all(places(text) == places(sentence.partition("\0")[0]) for text in texts), sentence


@pytest.mark.parametrize("file", CATALOGUES, ids=lambda file: file.parts[-3])
def test_the_words_of_the_footer_and_of_every_phase_are_translated(file):
    known = read_po(file)
    words = [key.label for key in KEYS] + [phase.word for phase in PHASES.values()]
    assert [word for word in words if word not in known] == []


@pytest.mark.parametrize("file", CATALOGUES, ids=lambda file: file.parts[-3])
def test_the_compiled_catalogue_is_current(file):
    assert file.with_suffix(".mo").read_bytes() == compiled(read_po(file)), "run python -m scripts.translations"


@pytest.mark.slow
def test_the_console_speaks_chinese_and_its_rows_are_as_wide_as_the_terminal(tmp_path):
    environment = {**os.environ, "LANGUAGE": "zh_CN", "LANG": "C.UTF-8", "PYTHONUTF8": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", LOOK, str(tmp_path)], capture_output=True, text=True, check=False,
                          timeout=100, env=environment, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    rows = done.stdout.splitlines()
    assert {row.split(" ", 1)[0] for row in rows} == {"80"}
    assert any("一切正常" in row for row in rows) and any("帮助" in row for row in rows)
