"""The languages of the console: what there is to translate, and the compiled catalogues.

    python -m scripts.translations            compile dfl_tui/locale/*/LC_MESSAGES/dfl_tui.po, tell what is missing
    python -m scripts.translations --list     print every sentence that has no translation yet

A sentence without a translation is shown in English. Sentences of the registry, the key table and the commands' help
are found where they are defined; all others stand in a call of `_` or `counted`.
"""

import argparse
import ast
import struct
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from core.settings.registry import SETTINGS
from dfl_tui.cli.group import ENTRIES, SECTIONS, dfl_tui
from dfl_tui.cli.look import HEADINGS as COLUMNS
from dfl_tui.cli.standing import STOPPED
from dfl_tui.keys import HEADINGS, KEYS
from dfl_tui.language import LOCALE
from dfl_tui.panels.bars import NAMES
from dfl_tui.panels.previews import MODE_NAMES
from dfl_tui.panels.series import SHOWN
from dfl_tui.panels.stages import SHORT
from dfl_tui.phase import CONNECTING, FAILED, FINISHED, LOST, PHASES

PACKAGE = LOCALE.parent
TITLES = ("keys", "runs", "settings", "log", "saves", "new run", "machine")     # of lists and of a panel
MAGIC, HEADER_BYTES = 0x950412DE, 28
Catalogue = dict[str, tuple[str, ...]]      # sentence (of a counted one: both forms, joined by NUL) -> translations


def sentences() -> list[str]:
    """Every sentence that is shown through gettext, in the order of where it is found."""
    found = [text for file in sorted(PACKAGE.rglob("*.py")) for text in called(ast.parse(file.read_text("utf-8")))]
    found += [text for key in KEYS for text in (key.label, key.help)]
    found += [*HEADINGS.values(), *NAMES.values(), *SHOWN.values(), *SHORT.values(), *MODE_NAMES.values()]
    found += [*TITLES, *COLUMNS, *STOPPED.values()]
    found += [phase.word for phase in (*PHASES.values(), CONNECTING, FAILED, FINISHED, LOST)]
    found += [text for s in SETTINGS for text in (s.group, s.help, s.cost)]
    found += [*SECTIONS, *(entry.help for entry in ENTRIES.values()), *helps(dfl_tui)]
    return [text for text in dict.fromkeys(found) if text]


def called(tree: ast.AST) -> Iterator[str]:
    """The sentences in calls of `_`, `counted` and a list's `count_note`."""
    for node in ast.walk(tree):
        name = getattr(node.func, "id", getattr(node.func, "attr", "")) if isinstance(node, ast.Call) else ""
        if isinstance(node, ast.Call) and name in ("_", "counted", "count_note"):
            texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            yield from ("\0".join(texts),) if texts else ()


def helps(command: click.Command) -> Iterator[str]:
    """The help of a command, its options, and its commands."""
    yield from (text for text in (command.help, *(getattr(p, "help", "") for p in command.params)) if text)
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None:
                yield from helps(inner)


def read_po(file: Path) -> Catalogue:
    """A catalogue: msgid, msgid_plural, msgstr and msgstr[N] with their continued lines. Raises ValueError."""
    found: Catalogue = {}
    fields: dict[str, str] = {}
    name = ""
    for line in [*file.read_text("utf-8").splitlines(), ""]:
        if line.startswith('"'):
            fields[name] += ast.literal_eval(line)
        elif line and not line.startswith("#"):
            name, _blank, text = line.partition(" ")
            fields[name] = ast.literal_eval(text)
        elif not line and fields:
            sentence = "\0".join(fields[key] for key in ("msgid", "msgid_plural") if key in fields)
            found[sentence] = tuple(text for key, text in fields.items() if key.startswith("msgstr"))
            fields = {}
    return found


def compiled(catalogue: Mapping[str, Sequence[str]]) -> bytes:
    """The catalogue as gettext reads it: two tables of (length, offset), sorted by sentence, then the texts."""
    pairs = sorted((key.encode(), "\0".join(texts).encode()) for key, texts in catalogue.items() if all(texts))
    texts_at = HEADER_BYTES + 16 * len(pairs)
    tables: tuple[list[int], list[int]] = ([], [])
    body = bytearray()
    for side, table in enumerate(tables):
        for pair in pairs:
            table += [len(pair[side]), texts_at + len(body)]
            body += pair[side] + b"\0"
    header = struct.pack("<7I", MAGIC, 0, len(pairs), HEADER_BYTES, HEADER_BYTES + 8 * len(pairs), 0, texts_at)
    return header + struct.pack(f"<{4 * len(pairs)}I", *tables[0], *tables[1]) + bytes(body)


def main(words: Sequence[str] | None = None) -> int:
    """Compile every catalogue, and tell how far it is."""
    parser = argparse.ArgumentParser(prog="python -m scripts.translations", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="print what has no translation yet")
    asked = parser.parse_args(words)
    known = sentences()
    for file in sorted(LOCALE.glob("*/LC_MESSAGES/dfl_tui.po")):
        catalogue = read_po(file)
        file.with_suffix(".mo").write_bytes(compiled(catalogue))
        missing = [text for text in known if text not in catalogue]
        idle = [text for text in catalogue if text and text not in known]
        print(f"{file.parts[-3]}: {len(known) - len(missing)} of {len(known)} sentences; nobody says any more: {idle}",
              file=sys.stderr)
        if asked.list:
            print("\n".join(repr(text) for text in missing))
    return 0


if __name__ == "__main__":
    sys.exit(main())
