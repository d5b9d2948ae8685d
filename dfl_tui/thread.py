"""Blocking work beside the event loop, in a thread that does not hold the console's end up.

`asyncio.to_thread` would: its threads are waited for at the end of the loop, and starting a supervisor or reading
10,000 faces takes half a minute.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from core.settings.error import DflTuiError
from dfl_tui.language import _

Made = TypeVar("Made")


class UnforeseenError(DflTuiError):
    """Work failed in a way that nobody thought of."""


async def in_thread(work: Callable[[], Made]) -> Made:
    """What `work` returns or raises. Cancelled, it leaves the thread to itself."""
    future: Future[Made] = Future()

    def run() -> None:
        try:
            made = work()
        except (DflTuiError, OSError) as error:     # raised again where it is awaited
            future.set_exception(error)
        else:
            future.set_result(made)
        finally:
            # a mistake of ours goes to the log by threading.excepthook; who waits must not wait for ever
            if not future.done():
                future.set_exception(UnforeseenError(_("this failed by a mistake of the program"),
                                                     hint=_("log/console.log in the home tells where: report it")))

    threading.Thread(target=run, name="beside the loop", daemon=True).start()
    # shielded: a cancelled future would refuse the thread's result with an error of its own
    return await asyncio.shield(asyncio.wrap_future(future))
