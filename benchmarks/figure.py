"""What a benchmark reports: JSON lines while it measures, a small table of figures against their budgets at the end."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure. `budget`: the most it may be; None = told, not held against anything."""

    what: str
    measured: float
    unit: str
    budget: float | None = None

    @property
    def is_kept(self) -> bool:
        """Whether it is within its budget."""
        return self.budget is None or self.measured <= self.budget


def report(figures: Sequence[Figure]) -> int:
    """Print the figures; 0 when all are within their budgets, else 1."""
    for figure in figures:
        print(json.dumps(asdict(figure) | {"ok": figure.is_kept}), flush=True)
    print()
    for figure in figures:
        budget = "" if figure.budget is None else f"at most {figure.budget:,g} {figure.unit}"
        mark = "" if figure.is_kept else "MISSED"
        print(f"{mark:<7}{figure.what:<60}{figure.measured:>10,.4g} {figure.unit:<6}{budget}")
    return 0 if all(figure.is_kept for figure in figures) else 1
