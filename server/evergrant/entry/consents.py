"""What the pages of a consent share: whose links are opened here, and what a browser is known by from then on."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from evergrant.entry.cookies import Cookies
from evergrant.entry.page import onward
from evergrant.oauth.flow import fresh_secret
from evergrant.service.answers import Answers, is_browser_of
from evergrant.service.connect import Asked, Wish
from evergrant.service.links import Links
from evergrant.service.proof import Proofs
from evergrant.vault.authorizations import Authorization, hash_of


@dataclass(frozen=True, slots=True)
class Consents:
    """The services behind those pages."""

    links: Links
    proofs: Proofs
    answers: Answers
    serves: Callable[[str], bool]
    """Whether people of a tenant consent here."""
    cookies: Cookies
    return_url: str | None
    """Where people go on to whose consent the tenant's back end is to confirm."""

    async def begun(self, wish: Wish, of_link: str | None, *, needs_confirmation: bool) -> Response:
        """On to the provider, with what this browser alone will be known by. Raises StoreUnavailable."""
        browser = fresh_secret()
        begun = await self.links.connect.ask(wish, Asked(of_link, hash_of(browser), needs_confirmation))
        response = onward(begun.url)
        self.cookies.give(response, begun.authorization_id, browser)
        return response

    def over(self, authorization: Authorization, response: Response) -> Response:
        """The same answer; what the browser was known by is forgotten."""
        self.cookies.drop(response, authorization.id)
        return response

    def is_browser_of(self, authorization: Authorization, request: Request) -> bool:
        """Whether the consent was begun in the browser that sends this request."""
        return is_browser_of(authorization, self.cookies.shown(request, authorization.id))
