"""Where `dfl-tui` begins and ends: a safe import path first, an exit code and one sentence last.

Nothing of ours and no library is imported at the top, for the path is not safe before `main` has cleaned it.
"""

import os
import sys
from collections.abc import Sequence


def main() -> None:
    """Run the command of sys.argv and exit with its code."""
    from dfl_tui.cli.import_path import safe_entries

    sys.path[:] = safe_entries(sys.path)
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command. Returns its exit code; every error that a person can cause becomes one sentence on stderr."""
    import click

    from core.settings.error import DflTuiError
    from dfl_tui.cli.call import Call
    from dfl_tui.cli.exit_code import ExitCode
    from dfl_tui.cli.failure import code_of, usage_sentence
    from dfl_tui.cli.group import dfl_tui
    from dfl_tui.language import _

    try:
        return int(dfl_tui.main(list(arguments), prog_name="dfl-tui", standalone_mode=False, obj=Call()) or ExitCode.OK)
    except click.ClickException as error:
        say(usage_sentence(error))
        return ExitCode.USAGE
    except DflTuiError as error:
        say(str(error))
        return code_of(error)
    except (KeyboardInterrupt, click.Abort):
        return ExitCode.INTERRUPTED
    except BrokenPipeError:  # `dfl-tui ls | head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK
    except OSError as error:
        say(f"{error.filename or _('the system said')}: {error.strerror or error}")
        return ExitCode.FAILED


def say(sentence: str) -> None:
    """One line on standard error."""
    from dfl_tui.cli.printable import printable

    # click breaks some of its complaints into lines
    print(f"dfl-tui: {printable(' '.join(sentence.split()))}", file=sys.stderr)
