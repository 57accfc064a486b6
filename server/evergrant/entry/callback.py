"""The callback: takes a provider's answer from the browser that proved itself, and says what came of it."""

from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from evergrant.entry.consents import Consents
from evergrant.entry.page import is_same_origin, onward, page
from evergrant.entry.stops import NEW_LINK, STOPS, of_another_site, stop, stopped
from evergrant.oauth.flow import Redirect, parse_redirect
from evergrant.service.consent import OtherPerson
from evergrant.service.links import ExpiredLink, ForeignLink
from evergrant.vault.authorizations import Authorization

PATHS = ("/callback", "/callback/{connector}", "/callback/{tenant_id}/{connector}")
"""The first is of connections that were added before each had its own."""


@dataclass(frozen=True, slots=True)
class Callback:
    """Where every consent ends in a browser."""

    consents: Consents

    def routes(self) -> list[Route]:
        """The callbacks, and the offer to one who signed in as another person."""
        anew = Route("/anew/{tenant_id}/{authorization_id}", self._anew, methods=["POST"])
        return [*(Route(path, self._callback) for path in PATHS), anew]

    async def _callback(self, request: Request) -> Response:
        try:
            redirect, authorization = self._expected(request)
        except STOPS as error:
            return stop(error)
        try:
            account = await self.consents.answers.take(authorization, redirect)
        except OtherPerson:
            return self._offer(authorization)
        except STOPS as error:
            return self.consents.over(authorization, stop(error))
        if account is None:
            return self.consents.over(authorization, onward(self._back_to(authorization)))
        again, service = authorization.account_id is not None, self._service(authorization)
        connected = page("connected.html", account=account, service=service, again=again)
        return self.consents.over(authorization, connected)

    def _expected(self, request: Request) -> tuple[Redirect, Authorization]:
        """What this browser may finish here; raises one of STOPS, and nothing is used up then."""
        redirect = parse_redirect(str(request.url))
        authorization = self.consents.answers.expected(
            redirect, request.url.path, lambda name: self.consents.cookies.shown(request, name)
        )
        if not self.consents.serves(authorization.tenant_id):
            raise ForeignLink("This answer was meant for another place than this.")
        return redirect, authorization

    def _back_to(self, authorization: Authorization) -> str:
        address = self.consents.return_url or "/"
        return f"{address}{'&' if '?' in address else '?'}{urlencode({'authorization_id': authorization.id})}"

    def _offer(self, authorization: Authorization) -> Response:
        account = self.consents.links.account(authorization.tenant_id, authorization.account_id)
        told = {"authorization": authorization, "account": account, "service": self._service(authorization)}
        return page("other_person.html", 403, leads_away=True, **told)

    def _service(self, authorization: Authorization) -> str:
        return self.consents.links.connect.catalog.connector(authorization.connector).name

    async def _anew(self, request: Request) -> Response:
        """Who signed in for another wants an account of their own: in the same browser, a new consent."""
        if not is_same_origin(request):
            return of_another_site()
        try:
            return await self._as_new_account(request, **request.path_params)
        except STOPS as error:
            return stop(error)

    async def _as_new_account(self, request: Request, tenant_id: str, authorization_id: str) -> Response:
        connect = self.consents.links.connect
        found = connect.status(tenant_id, authorization_id) if self.consents.serves(tenant_id) else None
        if found is None or found.status != "other_person" or not self.consents.is_browser_of(found, request):
            return stopped(403, "This offer is not yours", "It is for the browser that signed in.", (NEW_LINK,))
        if self.consents.links.clock.now() >= found.expires_at:
            raise ExpiredLink("This offer was good for ten minutes.")
        wish, confirmed = connect.wish_anew(found), found.needs_confirmation
        return self.consents.over(found, await self.consents.begun(wish, found.link_hash, needs_confirmation=confirmed))
