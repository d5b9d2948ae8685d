"""The root of our errors: one sentence that says what, where and what to do. A child for each boundary."""


class DflTuiError(Exception):
    """Something a person can cause or mend. `message` is one sentence; `hint` says what would help, or is empty."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}: {self.hint}" if self.hint else self.message


class SettingError(DflTuiError):
    """A setting that does not exist, or a value outside what it takes."""


class WireError(DflTuiError):
    """A frame or message that the other side must not have sent."""


class JournalError(DflTuiError):
    """A journal that cannot be understood whole."""


class StoreError(DflTuiError):
    """A file of the run folder that cannot be written, or is not what its name says."""


class MissingError(StoreError):
    """A generation or preview of that number, which is not there."""


class FaceFileError(DflTuiError):
    """A face file that is skipped, with the reason."""


class RecipeError(DflTuiError):
    """A recipe with a mistake; the message names the place."""


class NetworkError(DflTuiError):
    """A network that cannot be built, or weights that do not fit it."""


class ExchangeError(DflTuiError):
    """A model file of another program that is not taken over, or an export that cannot be written."""


class RefusedError(DflTuiError):
    """A command that is understood and not carried out."""
