"""Quantiles of Student's t, one-sided 95 %, as a table: scipy would be a dependency of 100 MB for fourteen numbers."""

T95 = (6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812, 1.796, 1.782, 1.771, 1.761, 1.753, 1.746,
       1.740, 1.734, 1.729, 1.725)


def t95(freedom: int) -> float:
    """The value that t with `freedom` (>= 1) degrees of freedom stays below in 95 % of cases."""
    return T95[min(freedom, len(T95)) - 1]
