"""A provider's answer that a browser brings: taken only from the browser that proved itself, at its own address.

Where the tenant's back end has the last word, the code is kept, sealed, until it has spoken.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from evergrant.model.account import ConnectedAccount
from evergrant.model.clock import Clock
from evergrant.model.secret import Secret
from evergrant.oauth.flow import Redirect
from evergrant.service.consent import Consent, ConsentFailed
from evergrant.service.guide import is_about_redirect
from evergrant.vault.authorizations import Authorization, Authorizations, hash_of

BrowserOf = Callable[[str], Secret | None]
"""What the browser has to show for the consent of that id."""
LATE = "Nobody confirmed it in time, so its code was forgotten."


class OtherBrowser(ConsentFailed):
    """The answer came by another browser than the one that proved itself."""


class OtherAddress(ConsentFailed):
    """The answer came to another redirect URI than the one that was asked for (a mix-up)."""


class NoSuchConsent(LookupError):
    """The tenant has no consent of that id."""


class NothingKept(Exception):
    """The consent keeps no code that could be confirmed; the message says how it stands."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Takes what browsers bring from providers, and the back end's word on it."""

    consent: Consent
    authorizations: Authorizations
    clock: Clock

    def expected(self, redirect: Redirect, path: str, browser_of: BrowserOf) -> Authorization:
        """The consent that this browser may finish at this path; raises ConsentFailed, and nothing is used up then."""
        authorization = self.consent.waiting(redirect)
        is_there = urlsplit(authorization.redirect_uri).path == path
        # A provider that does not know our redirect URI says so at one that it knows; that answer has no code.
        if not is_there and (redirect.code is not None or not is_about_redirect(redirect.error, None)):
            raise OtherAddress("The answer came to the address of another connection. Nothing was taken from it.")
        if not is_browser_of(authorization, browser_of(authorization.id)):
            raise OtherBrowser("This consent was begun in another browser, and only that one may finish it.")
        return authorization

    async def take(self, authorization: Authorization, redirect: Redirect) -> ConnectedAccount | None:
        """The account that came of it; None where the back end must confirm it first. Raises ConsentFailed."""
        if not authorization.needs_confirmation:
            return await self.consent.finish(redirect)
        await self.consent.hold(authorization, redirect)
        return None

    def get(self, tenant_id: str, authorization_id: str) -> Authorization:
        """The tenant's consent of that id; raises NoSuchConsent."""
        found = self.authorizations.get(tenant_id, authorization_id)
        if found is None:
            raise NoSuchConsent(authorization_id)
        return found

    async def confirm(self, tenant_id: str, authorization_id: str) -> ConnectedAccount:
        """Redeem the code that was kept; raises NoSuchConsent, NothingKept, ConsentFailed."""
        return await self.consent.confirm(await self._kept(tenant_id, authorization_id))

    async def deny(self, tenant_id: str, authorization_id: str) -> None:
        """Forget the code that was kept, and redeem it never; raises NoSuchConsent, NothingKept."""
        found = await self._kept(tenant_id, authorization_id)
        if not await self.authorizations.deny(found, "The back end denied that this is the person who was asked."):
            raise NothingKept("It keeps no code any more.")

    async def forget_late(self) -> int:
        """Forget the codes that nobody confirmed in time; returns how many."""
        return await self.authorizations.forget_codes(self.clock.now(), LATE)

    async def _kept(self, tenant_id: str, authorization_id: str) -> Authorization:
        await self.forget_late()
        found = self.get(tenant_id, authorization_id)
        if found.status != "awaiting":
            raise NothingKept(f"It is {found.status}, and keeps no code.")
        return found


def is_browser_of(authorization: Authorization, browser: Secret | None) -> bool:
    """Whether this is the browser in which the consent was begun; nobody's where it was begun in none."""
    if authorization.browser_hash is None or browser is None:
        return False
    return hmac.compare_digest(authorization.browser_hash, hash_of(browser))
