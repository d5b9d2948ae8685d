"""The version of this program, as others are told it."""

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("dfl-tui")
except PackageNotFoundError:    # run from a source folder that was never installed
    VERSION = "0"
