"""A person with a browser of their own: opens a link of ours, types its code, and signs in at the provider."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx2
from starlette.applications import Starlette
from tests.fakes.consent import approve

from evergrant.entry.consents import Consents
from evergrant.entry.pages import Pages
from evergrant.model.link import Link

SITE = "http://localhost:8484"


@dataclass(frozen=True)
class Person:
    """Each has cookies of their own."""

    browser: httpx2.AsyncClient

    async def opens(self, url: str) -> httpx2.Response:
        """The page at that address, redirects followed within our own site."""
        return await self.browser.get(url, follow_redirects=True)

    async def types(self, link: Link, code: str | None) -> httpx2.Response:
        """What the page answers to the code."""
        return await self.browser.post(link.url, data={"code": code or ""}, headers=self._origin(link.url))

    async def proves(self, link: Link) -> str:
        """The provider's address that the page leads to."""
        sent = await self.types(link, link.code)
        assert sent.status_code == 303, sent.text
        return str(sent.headers["Location"])

    async def signs_in(self, link: Link, user: str = "anna") -> str:
        """The address that the provider sends this browser back to, once its person has agreed."""
        return await approve(await self.proves(link), user)

    async def connects(self, link: Link, user: str = "anna") -> httpx2.Response:
        """The page at the end of it all."""
        return await self.browser.get(await self.signs_in(link, user))

    async def presses(self, page: httpx2.Response) -> httpx2.Response:
        """What comes of the one form of a page that asks for nothing."""
        action = page.text.partition('action="')[2].partition('"')[0]
        return await self.browser.post(action, headers=self._origin(str(page.url)))

    def _origin(self, url: str) -> dict[str, str]:
        parts = urlsplit(url)
        return {"Origin": f"{parts.scheme}://{parts.netloc}"}


def passer_by() -> Person:
    """Somebody whose browser reaches what listens on this machine."""
    return Person(httpx2.AsyncClient(trust_env=False))


def person(consents: Consents, site: str = SITE) -> Person:
    """Somebody whose browser reaches these pages."""
    web = Starlette(routes=list(Pages(consents, lambda: {"Some client": "<paste this>"}).routes()))
    return Person(httpx2.AsyncClient(transport=httpx2.ASGITransport(app=web), base_url=site))
