"""`python -m dfl_tui` is the same as `dfl-tui`."""

from dfl_tui.cli.main import main

main()
