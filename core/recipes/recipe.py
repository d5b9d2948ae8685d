"""A recipe as data: stages with the settings that they begin with, and when each is left. Pure records."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.events.act import Act, SetValues
from core.settings.error import RecipeError
from core.settings.kind import Value


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: the settings that it begins with, and its length in iterations (None = it has no end)."""

    name: str
    settings: dict[str, Value]
    iterations: int | None


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recipe. `suits`: the families of models that it is for, the first where nobody chooses; `about`: one sentence
    for people."""

    name: str
    suits: tuple[str, ...]
    about: str
    stages: tuple[Stage, ...]

    @property
    def settings(self) -> dict[str, Value]:
        """What a run is born with: the settings of the first stage. Everything else is at its default."""
        return dict(self.stages[0].settings)

    def birth(self, asked: Mapping[str, Value]) -> dict[str, Value]:
        """What a run of it is born with where `asked` was asked for beside it. Raises RecipeError for a model that the
        recipe is not for."""
        born = {"model": self.suits[0], **self.settings, **asked}
        if born["model"] not in self.suits:
            raise RecipeError(f"the recipe {self.name!r} is for {' and '.join(self.suits)}, not for "
                              f"model = {born['model']}", hint="leave out the recipe or the model")
        return born

    @property
    def waiting(self) -> tuple[tuple[int, Act], ...]:
        """The acts of the later stages, each after the iteration at which it takes effect; rising."""
        acts: list[tuple[int, Act]] = []
        begins = 0
        for before, stage in zip(self.stages, self.stages[1:], strict=False):
            if before.iterations is None:
                break   # it has no end; the language lets only the last stage be so
            begins += before.iterations
            acts.append((begins, SetValues(dict(stage.settings))))
        return tuple(acts)

    @property
    def author(self) -> str:
        """Who asked for these acts, as the journal says it."""
        return f"recipe:{self.name}"
