"""Numbers as people read them in a narrow place: fixed widths, few digits, units."""


def short(value: float) -> str:
    """Four significant places at most, at most 6 characters: 0.0123, 1.234, 12.34, 1,234, 12.3k, 1.23M."""
    size = abs(value)
    if size != size or size == float("inf"):
        return "-"
    if size >= 9.995e5:
        return f"{value / 1e6:.3g}M"
    if size >= 9_999.5:
        return f"{value / 1e3:.3g}k"
    if size >= 1000:
        return f"{value:,.0f}"
    if size == 0 or size >= 0.001:
        return f"{value:.4f}"[:6].rstrip(".") if size < 1 else f"{value:.4g}"
    return f"{value:.1e}".replace("e-0", "e-")


def size(count: float) -> str:
    """Bytes in the unit that fits: 812 B, 12.3 kB, 1.20 GB (decimal)."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"


def duration(seconds: float) -> str:
    """Two units at most: 8 s, 4 min 10 s, 3 h 20 min, 2 d 4 h."""
    whole = int(seconds)
    for long, short_unit, factor, base in (("d", "h", 86_400, 3_600), ("h", "min", 3_600, 60), ("min", "s", 60, 1)):
        if whole >= factor:
            rest = whole % factor // base
            return f"{whole // factor} {long} {rest} {short_unit}" if rest else f"{whole // factor} {long}"
    return f"{whole} s"
