"""Write the pages of docs/ that are made from the program: settings, keys, commands.

`python -m scripts.docs` writes them; tests/docs checks that they are current.
"""

from pathlib import Path

import click

from core.settings.original import MODELS, ORIGINAL, PROGRAMS, Option
from core.settings.registry import SETTINGS
from core.settings.setting import Setting
from dfl_tui.cli.config import WHEN
from dfl_tui.cli.group import SECTIONS, dfl_tui
from dfl_tui.keys import HEADINGS, KEYS
from dfl_tui.keys import shown as shown_key
from dfl_tui.telling import shown

DOCS = Path(__file__).resolve().parents[1] / "docs"
EVERYWHERE = ("--home", "-v")  # told once for all commands
MADE = "<!-- Made by python -m scripts.docs: change the program, not this page. -->\n"


def settings_page() -> str:
    """Every setting of the registry, a section for each group."""
    lines = [MADE, "# Settings", "", "`dfl-tui config KEY` shows the same in a terminal. Give a setting to a new run "
             "with `dfl-tui new --set KEY=VALUE`, change it with `dfl-tui set NAME KEY=VALUE`, or in the console."]
    for group in dict.fromkeys(s.group for s in SETTINGS):
        lines += ["", f"## {group.capitalize()}", "", "| key | default | takes | changes | what it does |",
                  "| --- | --- | --- | --- | --- |"]
        lines += [setting_row(s) for s in SETTINGS if s.group == group]
    return "\n".join(lines) + "\n"


def setting_row(s: Setting) -> str:
    takes = s.kind.describe() + (f" (usual: {s.usual})" if s.usual else "")
    names = f"`{s.key}`" + "".join(f", `{alias}`" for alias in s.aliases if alias != s.key)
    default = f"`{shown(s.default)}`" if s.default != "" else "empty"
    return f"| {names} | {default} | {takes} | {WHEN[s.when]} | {' '.join([s.help, s.cost]).strip()} |"


def commands_page() -> str:
    """Every command with its arguments and options."""
    lines = [MADE, "# Commands", "", "Every command takes `--home DIR` (the folder that holds the runs; default "
             "`$DFL_TUI_HOME`, else the user's data folder) and `-v` (tell what is done), before or after its name. "
             "Exit codes: [troubleshooting](guide/troubleshooting.md#exit-codes)."]
    for section, entries in SECTIONS.items():
        lines += ["", f"## {section}"]
        for name in entries:
            command = dfl_tui.get_command(click.Context(dfl_tui), name)
            assert command is not None
            lines += command_section(command, name)
    return "\n".join(lines) + "\n"


def command_section(command: click.Command, path: str) -> list[str]:
    """One command, or all commands of a group."""
    context = click.Context(command, info_name=f"dfl-tui {path}")
    if isinstance(command, click.Group):
        return [line for name, inner in command.commands.items() for line in command_section(inner, f"{path} {name}")]
    lines = ["", f"### dfl-tui {path}", "", f"    {command.get_usage(context).removeprefix('Usage: ')}", "",
             paragraphs(command.help or "")]
    options = [record for parameter in command.params if isinstance(parameter, click.Option)
               and (record := parameter.get_help_record(context)) and not record[0].startswith(EVERYWHERE)]
    if options:
        lines += ["", "| option | |", "| --- | --- |"]
        lines += [f"| `{cell(option)}` | {cell(text)} |" for option, text in options]
    return lines


def cell(text: str) -> str:
    """Text that may stand in a cell of a table."""
    return text.replace("|", "\\|").replace("  ", " ")


def paragraphs(text: str) -> str:
    """Docstring lines joined to paragraphs."""
    blocks = [" ".join(block.split()) for block in text.split("\n\n")]
    return "\n\n".join(block.removeprefix("\b ") for block in blocks)


def keys_page() -> str:
    """Every key of the console, by where it works."""
    lines = [MADE, "# Keys", "", "`?` shows the same in the console, `dfl-tui keys` in a shell. The mouse works too."]
    for where in dict.fromkeys(key.where for key in KEYS):
        lines += ["", f"## {HEADINGS[where]}", "", "| key | does |", "| --- | --- |"]
        lines += [f"| {' or '.join(f'`{shown_key(one)}`' for one in key.keys)} | {key.help} |"
                  for key in KEYS if key.where == where]
    return "\n".join(lines) + "\n"


def options_page() -> str:
    """Every option of the original, and what it is here."""
    lines = [MADE, "# Options of DeepFaceLab", "", "Every training option of SAEHD and AMP, of DeepFaceLab and of its "
             "fork MVE, and the [settings](settings.md) that it is here. `dfl-tui set` and `new --set` take most under "
             "both names; an import takes them from the model's file.", "",
             "| option | asked by | here |", "| --- | --- | --- |"]
    return "\n".join([*lines, *(option_row(option) for option in ORIGINAL)]) + "\n"


def option_row(option: Option) -> str:
    asked = [f"{model} of {program}" for model in MODELS for program in PROGRAMS if option.is_asked(model, program)]
    whose = "all" if len(asked) == len(MODELS) * len(PROGRAMS) else ", ".join(asked)
    here = ", ".join(f"`{key}`" for key in option.ours) or f"left out: {option.why}"
    without = "".join(f"; without {word}: {reason}" for word, reason in option.without.items())
    return f"| `{option.key}` | {whose} | {here}{without} |"


PAGES = {"settings.md": settings_page, "options.md": options_page, "keys.md": keys_page, "commands.md": commands_page}


def main() -> None:
    """Write all pages."""
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")
        print(DOCS / name)


if __name__ == "__main__":
    main()
