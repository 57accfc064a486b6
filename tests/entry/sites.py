"""Pages over an app whose provider is the sandbox, and people who meet them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.fakes.person import Person, person
from tests.fakes.practice import Practice, practice

from evergrant.model.account import ConnectedAccount
from evergrant.model.link import Link
from evergrant.settings import LOCAL_TENANT
from evergrant.surface import consents


@dataclass(frozen=True)
class Site:
    """One vault's pages."""

    world: Practice
    people: list[Person] = field(default_factory=list[Person])

    def person(self) -> Person:
        """Somebody with another browser."""
        self.people.append(person(consents(self.world.app)))
        return self.people[-1]

    def link(self, alias: str = "acme") -> Link:
        """A connect link."""
        links = self.world.app.links
        return links.made(links.to_connect(LOCAL_TENANT, "sandbox", alias, {"origin": self.world.url}))

    def reauth(self, account: ConnectedAccount) -> Link:
        """A reconnect link."""
        return self.world.app.links.reauth(account.key)

    def accounts(self) -> list[str]:
        """The aliases that there are."""
        return sorted(account.alias for account in self.world.app.accounts.all(LOCAL_TENANT))

    @property
    def codes_redeemed(self) -> int:
        """How many codes the provider has taken."""
        return self.world.sandbox.count.token_requests.get("authorization_code", 0)


@asynccontextmanager
async def site_in(folder: Path) -> AsyncGenerator[Site, None]:
    """A site on a new vault."""
    async with practice(folder) as world:
        made = Site(world)
        yield made
        for one in made.people:
            await one.browser.aclose()
