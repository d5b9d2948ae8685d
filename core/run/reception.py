"""Where clients of a run are received: the welcome, their requests, and the lease of the one who steers."""

import asyncio
import logging

from core.run.archive import Archive
from core.run.client import Client
from core.run.desk import Wish, is_harmless
from core.run.fit import newest_that_fit
from core.run.lease import Lease
from core.run.ledger import Ledger
from core.run.news import News
from core.run.reply import Reply
from core.run.steering import Steering
from core.run.version import VERSION
from core.settings.error import RefusedError, StoreError
from core.wire.console_record import PROTOCOL, Command, Done, Ping, Request, Welcome
from core.wire.console_record import Lease as AskLease
from core.wire.limits import WELCOME_EVENT_BYTES, WELCOME_EVENTS

log = logging.getLogger(__name__)


class Reception:
    """Serves one client at a time (`client.Host`); what it changes, `news` tells to all."""

    def __init__(self, ledger: Ledger, archive: Archive, steering: Steering, news: News) -> None:
        self._ledger = ledger
        self._archive = archive
        self._steering = steering
        self._news = news
        self._lease = Lease()
        self._series: list[str] = []
        self._is_open = asyncio.Event()

    async def open(self) -> None:
        """Read what a welcome needs of the past: once, in the archive's thread. Clients wait for it."""
        try:
            self._series = await self._archive.series()
            self._news.preview = await self._archive.newest_preview()
        except StoreError as error:
            log.error("archive error=%s", error)
        finally:
            self._is_open.set()     # a damaged archive is no reason to show nothing

    async def welcome(self, client: Client) -> Welcome:
        """The whole state, as it is when this is sent."""
        await self._is_open.wait()
        self._series = self._series or await self._archive.series()
        # No await from here on: a client must find the events after its welcome in the news, and none twice.
        events = newest_that_fit(self._ledger.events[-WELCOME_EVENTS:], WELCOME_EVENT_BYTES)
        state = self._ledger.state
        return Welcome(PROTOCOL, VERSION, state.name, str(self._news.folder), client.seat, state, events,
                       self._news.now(), self._lease.seat, self._lease.label, self._series, self._news.preview)

    async def serve(self, client: Client, request: Request) -> None:
        """Answer one request; what it raises becomes a Refused."""
        match request:
            case Command():
                await self._command(client, request)
            case AskLease():
                self._change_lease(client, request)
            case Ping():
                raise RefusedError("this is answered elsewhere")
            case _:
                client.send(await self._archive.answer(request))

    def left(self, client: Client) -> None:
        """The lease ends with its holder."""
        if self._lease.leave(client.seat):
            self._news.lease(self._lease)

    def end_silent_lease(self, silence_s: float, now_s: float) -> None:
        """A driver that was not heard of for so long steers no more; it may look on, and take the lease again."""
        driver = self._news.server.clients.get(self._lease.seat)
        if driver is not None and now_s - driver.heard_s > silence_s:
            self.left(driver)

    async def _command(self, client: Client, command: Command) -> None:
        act = command.act
        if not is_harmless(act):
            self._lease.check(client.seat)
        wish = Wish(act, f"person:{client.label}", command.at, reply=Reply(client.send, command.id))
        # Who changes something steers from then on: a command from a script does not ask for the lease first.
        if not is_harmless(act) and self._lease.take(client.seat, client.label):
            self._news.lease(self._lease)
        await self._steering.do(wish)

    def _change_lease(self, client: Client, request: AskLease) -> None:
        if request.take:
            changed = self._lease.take(client.seat, client.label)
        else:
            self._lease.release(client.seat)
            changed = True
        client.send(Done(request.id, None, "you steer this run" if request.take else "nobody steers this run"))
        if changed:
            self._news.lease(self._lease)
