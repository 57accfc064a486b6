"""Waiting for the answer to a consent: by the callback, which may be another process's, or pasted into the terminal."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from evergrant.app import App
from evergrant.cli.asking import Ask
from evergrant.cli.output import Output
from evergrant.cli.wizard import words
from evergrant.oauth.flow import NotARedirect, parse_redirect
from evergrant.service.consent import ConsentFailed
from evergrant.service.guide import how_to_register
from evergrant.service.pasting import cleaned
from evergrant.settings import LOCAL_TENANT
from evergrant.store.database import StoreUnavailable
from evergrant.vault.authorizations import Authorization
from evergrant.vault.seal import SealBroken

ON_THE_WAY: Mapping[str, str] = {
    "other_person": "Another person signed in.",
    "awaiting": "Your back end is to confirm who that was.",
}
"""Worth a word, and no end: the person may try again, or goes on."""
POLL_S = 0.2
LONG = timedelta(seconds=60)
"""A consent takes less; a provider that shows an error instead never sends the browser back."""


@dataclass
class Waiting:
    """One consent that was asked for, until it has come to an end."""

    app: App
    out: Output
    asked: Ask
    _told: set[str] = field(default_factory=set[str])

    async def for_account(self) -> str:
        """The id of the account that came of it; raises ConsentFailed."""
        async with _pasted(self.app, self.out, self.asked) as pasted:
            while not pasted.done():
                begun = self.app.connect.of_link(LOCAL_TENANT, self.asked.link_hash)
                if account_id := outcome(begun):
                    return account_id
                now = self.app.clock.now()
                self._say_what_is_new(begun, now)
                await self._give_up(begun, now)
                await self.app.clock.sleep(POLL_S)
            return pasted.result()

    def _say_what_is_new(self, begun: Sequence[Authorization], now: datetime) -> None:
        for each in begun:
            if each.status in ON_THE_WAY:
                self._say_once(each.id, each.detail or ON_THE_WAY[each.status])
        for newest in begun[-1:]:
            if newest.status == "pending" and now - newest.created_at >= LONG:
                self._say_once(newest.id, words.nothing_comes(*self._registered()))

    def _say_once(self, about: str, text: str) -> None:
        if about not in self._told:
            self._told.add(about)
            self.out.say(text)

    async def _give_up(self, begun: Sequence[Authorization], now: datetime) -> None:
        waiting = (each.expires_at for each in begun if each.status in ("pending", "awaiting", "taken"))
        if now >= max((self.asked.claims.expires_at, *waiting)):
            await self.app.connect.cancel(LOCAL_TENANT, self.asked.begun.authorization_id)
            raise ConsentFailed(words.nobody_answered(*self._registered()))

    def _registered(self) -> tuple[str, str]:
        connector = self.asked.wish.client.connector
        return connector.name, how_to_register(connector, self.asked.begun.redirect_uri)


def outcome(begun: Sequence[Authorization]) -> str | None:
    """The account that came of one of them, if one has ended well; raises ConsentFailed where one has not."""
    for each in begun:
        if each.status == "done" and each.detail:
            return each.detail
    for each in begun:
        if each.status in ("failed", "denied", "cancelled"):
            raise ConsentFailed(each.detail or "The consent failed.")
    return None


@asynccontextmanager
async def _pasted(app: App, out: Output, asked: Ask) -> AsyncGenerator[asyncio.Future[str], None]:
    """A future that resolves to the id of the account that an address pasted into the terminal makes."""
    loop = asyncio.get_running_loop()
    account: asyncio.Future[str] = loop.create_future()
    tasks: set[asyncio.Task[None]] = set()

    def read_line() -> None:
        line = sys.stdin.readline()
        if not line:
            loop.remove_reader(sys.stdin)
        elif line.strip():
            tasks.add(loop.create_task(_finish(app, out, asked, line, account)))

    with suppress(OSError, ValueError):  # standard input is closed, or a file: nobody can paste
        loop.add_reader(sys.stdin, read_line)
    try:
        yield account
    finally:
        with suppress(OSError, ValueError):
            loop.remove_reader(sys.stdin)


async def _finish(app: App, out: Output, asked: Ask, line: str, account: asyncio.Future[str]) -> None:
    """A slip of the paste costs nothing: they may try again."""
    try:
        redirect = parse_redirect(cleaned(line))
    except NotARedirect as error:
        out.say(str(error))
        return
    found = app.connect.answered_by(redirect)
    if found is None or found.link_hash != asked.link_hash:
        out.say("That address answers another link than this one. Paste the one that the browser ended on.")
        return
    try:
        made = await app.consent.finish(redirect)
    except (ConsentFailed, StoreUnavailable, SealBroken) as failed:
        if not account.done():
            account.set_exception(failed)
    else:
        account.set_result(made.id)
