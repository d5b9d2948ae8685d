"""What a command's exit code says to scripts. The table in docs/guide/troubleshooting.md is checked against this."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command; the meaning of each is its line in MEANINGS."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    REFUSED = 4
    RUN_FAILED = 5
    NO_CONTACT = 6
    PROBLEMS = 7
    INTERRUPTED = 130


MEANINGS: dict[ExitCode, str] = {
    ExitCode.OK: "Done.",
    ExitCode.FAILED: "Not done: a file, a folder or the system said no (a journal that cannot be read is a file). "
                     "The sentence on standard error says which.",
    ExitCode.USAGE: "The command line is wrong: an unknown option, a setting out of range, consent that is not stated.",
    ExitCode.NOT_FOUND: "There is no run, generation or preview of that name or number.",
    ExitCode.REFUSED: "The run understood the command and refused it. The sentence says why and what would help.",
    ExitCode.RUN_FAILED: "The run that was followed stopped because of a failure.",
    ExitCode.NO_CONTACT: "The run's supervisor could not be started or does not answer.",
    ExitCode.PROBLEMS: "The check was made and found problems (faces check, doctor).",
    ExitCode.INTERRUPTED: "Ended by Ctrl-C. A training that was followed goes on.",
}
