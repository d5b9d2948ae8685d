"""Where a model of the original lies: the files of one name and class in a folder (facts/files.md 8.1)."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from core.settings.error import ExchangeError

KINDS = ("SAEHD", "AMP", "AMPLegacy", "Quick96", "XSeg")
DATA = "data.dat"
_DATA_FILE = re.compile(rf"(?:(?P<name>.+)_(?=\w+_data\.dat$))?(?P<kind>{'|'.join(KINDS)})_data\.dat")
_WEIGHTS = re.compile(rf"(?:(?P<name>.+)_)?(?P<kind>{'|'.join(KINDS)})_\w+\.npy")


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """One model: its folder, class and name (XSeg has none)."""

    path: Path
    kind: str
    name: str

    @property
    def title(self) -> str:
        """How its files begin, without the last underscore: alpha_SAEHD."""
        return f"{self.name}_{self.kind}" if self.name else self.kind

    def file(self, name: str) -> Path:
        """The path of `encoder.npy`, `data.dat`, ... of this model."""
        return self.path / f"{self.title}_{name}"

    def hashes(self, names: list[str]) -> dict[str, str]:
        """sha256 of these files, by their whole name. Raises ExchangeError."""
        found = {}
        for name in names:
            path = self.file(name)
            try:
                with path.open("rb") as file:
                    found[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError as error:
                raise ExchangeError(f"{path.name} cannot be read ({error.strerror})",
                                    hint="check its rights") from error
        return found


def find_model(folder: Path, wanted: str = "") -> ModelFolder:
    """The model in a folder, or the one called `wanted` (alpha or alpha_SAEHD). Raises ExchangeError."""
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise ExchangeError(f"{folder} cannot be listed ({error.strerror})", hint="name a folder of models") from error
    models = [ModelFolder(folder, match["kind"], match["name"] or "") for name in names
              if (match := _DATA_FILE.fullmatch(name))]
    matching = [model for model in models if wanted in ("", model.name, model.title)]
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise ExchangeError(f"{folder} holds {len(matching)} models",
                            hint=f"choose with --model: {', '.join(model.title for model in matching)}")
    if models:
        raise ExchangeError(f"{folder} holds no model {wanted!r}",
                            hint=f"there are {', '.join(model.title for model in models)}")
    lone = next((match for name in names if (match := _WEIGHTS.fullmatch(name))), None)
    if lone is not None:
        title = "_".join(part for part in (lone["name"], lone["kind"]) if part)
        raise ExchangeError(f"{title}_{DATA} is missing in {folder}: it says what network the weights are of",
                            hint="take it from a backup of the model")
    raise ExchangeError(f"{folder} holds no model", hint="name the folder that has files such as NAME_SAEHD_data.dat")
