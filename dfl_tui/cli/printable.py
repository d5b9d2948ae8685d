"""Text that names files and folders, safe to write on a terminal: names may hold escape sequences and line ends."""


def printable(text: str) -> str:
    """`text` on one line, each character that a terminal would obey replaced."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
