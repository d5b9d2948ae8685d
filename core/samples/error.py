"""The error of this folder."""

from core.settings.error import DflTuiError


class SampleError(DflTuiError):
    """No batch can be made: the message says which faces or processes fail, and what would help."""
