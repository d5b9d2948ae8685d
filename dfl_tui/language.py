"""Every string that a person reads goes through `_`; what it says in another language stands in locale/.

Places in a sentence have names: `_("{n} blocks locked").format(n=3)`, so that a translator can move them.
"""

import gettext
from pathlib import Path

LOCALE = Path(__file__).parent / "locale"

_translation = gettext.translation("dfl_tui", localedir=LOCALE, fallback=True)


def _(text: str) -> str:
    """`text` in the language of the environment (LANGUAGE, LC_MESSAGES, LANG), or as it is."""
    return _translation.gettext(text)


def counted(one: str, many: str, n: int) -> str:
    """The form of a sentence for `n` things, with `{n}` filled in: counted("{n} block", "{n} blocks", 3)."""
    return _translation.ngettext(one, many, n).format(n=f"{n:,}")
