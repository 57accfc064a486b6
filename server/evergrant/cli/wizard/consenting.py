"""One consent after another, until one comes to something or the person has had enough."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from evergrant.app import App
from evergrant.cli.asking import ask, invite, pages
from evergrant.cli.output import Output
from evergrant.cli.waiting import Waiting
from evergrant.cli.wizard import words
from evergrant.cli.wizard.terminal import Person
from evergrant.model.account import ConnectedAccount
from evergrant.model.link import Claims
from evergrant.service.connect import Wish
from evergrant.service.consent import ConsentFailed
from evergrant.settings import LOCAL_TENANT


@dataclass(frozen=True, slots=True)
class Consenting:
    """What is asked for, and how."""

    out: Output
    wish: Callable[[App], Wish]
    """Raises CannotConnect."""
    claims: Callable[[App], Claims]
    no_browser: bool

    async def once(self, app: App) -> ConnectedAccount:
        """The account of a consent; raises ConsentFailed, CannotConnect."""
        async with pages(app, self.out, self.wish(app)) as here:
            asked = await ask(here, self.claims(here), self.wish(here))
            try:
                invite(here, self.out, asked, no_browser=self.no_browser)
                account_id = await Waiting(here, self.out, asked).for_account()
            except asyncio.CancelledError:
                await app.connect.cancel(LOCAL_TENANT, asked.begun.authorization_id)
                raise
        return app.desk.find(LOCAL_TENANT, account_id)

    async def until_done(
        self, app: App, person: Person | None, give_again: Callable[[Person], Awaitable[None]] | None = None
    ) -> ConnectedAccount:
        """As `once`, and again as often as somebody sits there and wants to; raises Stopped.

        `give_again` takes another OAuth client first.
        """
        while True:
            try:
                return await self.once(app)
            except ConsentFailed as failed:
                if person is None:
                    raise
                person.told(str(failed))
                answer = person.asked(words.TRY_AGAIN if give_again else words.TRY_AGAIN_AS_IT_IS)
                if give_again and answer.strip().lower() == "c":
                    await give_again(person)
