"""What all tests share: no clock decides about a test, for the machine may be busy with others."""

from hypothesis import settings

settings.register_profile("busy", deadline=None)    # 200 ms an example is what a loaded machine misses now and then
settings.load_profile("busy")
