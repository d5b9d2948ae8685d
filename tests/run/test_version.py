from importlib.metadata import version

from core.run.version import VERSION


def test_the_version_is_the_package_s():
    assert version("dfl-tui") == VERSION
