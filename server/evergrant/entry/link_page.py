"""The page of a link: says who is asked for what, takes the proof that the person is the one asked, and leads on."""

from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from evergrant.catalog.catalog import UnknownConnector
from evergrant.catalog.declaration import DeclarationError
from evergrant.entry.consents import Consents
from evergrant.entry.page import form_of, is_same_origin, onward, page
from evergrant.entry.stops import STOPS, of_another_site, stop, stopped
from evergrant.model.link import Claims
from evergrant.oauth.flow import fresh_secret
from evergrant.service.connect import Wish
from evergrant.service.links import CONSENTS, PATHS, ForeignLink, span
from evergrant.service.proof import TooManyCodes, WrongCode
from evergrant.vault.link_seal import link_hash

LOOPBACK = ("localhost", "127.0.0.1")
MOST_SCOPES = 8


@dataclass(frozen=True, slots=True)
class _Visit:
    """A request for the page of a link that can be used."""

    request: Request
    handle: str
    claims: Claims
    wish: Wish

    @property
    def cookie(self) -> str:
        return link_hash(self.handle)[:20]


@dataclass(frozen=True, slots=True)
class LinkPage:
    """Where every consent begins in a browser."""

    consents: Consents

    def routes(self) -> list[Route]:
        """`/connect/{link}` and `/reconnect/{link}`."""
        return [Route(f"/{path}/{{handle}}", self._link, methods=["GET", "POST"]) for path in sorted(CONSENTS)]

    async def _link(self, request: Request) -> Response:
        try:
            visit = self._visit(request)
            if request.method == "POST":
                return await self._go(visit)
            return _elsewhere(visit) or self._shown(visit)
        except STOPS as error:
            return stop(error)
        except (UnknownConnector, DeclarationError) as error:
            return stopped(409, "This cannot be connected now", str(error), ("The operator mends the connector.",))

    def _visit(self, request: Request) -> _Visit:
        handle = request.path_params["handle"]
        claims = self.consents.links.opened(handle)
        is_here = request.url.path == f"/{PATHS[claims.purpose]}/{handle}"
        if not is_here or not self.consents.serves(claims.tenant_id):
            raise ForeignLink("This link was made for another place than this.")
        if self.consents.proofs.is_closed(handle):
            raise TooManyCodes
        return _Visit(request, handle, claims, self.consents.links.wish(claims))

    def _shown(self, visit: _Visit) -> Response:
        """The page; a ticket is exchanged for what only this browser can use, and leaves the address bar."""
        query, here = visit.request.query_params, visit.request.url.path
        if "ticket" not in query:
            return self._page(visit, query.get("proof", ""))
        if not self.consents.proofs.spend(visit.handle, query["ticket"]):
            return onward(here)
        browser = fresh_secret()
        response = onward(f"{here}?{urlencode({'proof': self.consents.proofs.proof(visit.handle, browser)})}")
        self.consents.cookies.give(response, visit.cookie, browser)
        return response

    def _page(self, visit: _Visit, proof: str, wrong: WrongCode | None = None) -> Response:
        wish, claims, links = visit.wish, visit.claims, self.consents.links
        is_proven = self._is_proven(visit, proof)
        return page(
            "link.html",
            403 if wrong else 200,
            leads_away=True,
            purpose=claims.purpose,
            service=wish.client.connector.name,
            account=wish.account,
            scopes=_scopes(visit),
            most=MOST_SCOPES,
            warning=wish.warning,
            asks_code=links.asks_code and not is_proven,
            proof=proof if is_proven else "",
            wrong=wrong,
            lives=span(claims.expires_at - links.clock.now()),
        )

    async def _go(self, visit: _Visit) -> Response:
        if not is_same_origin(visit.request):
            return of_another_site()
        form = await form_of(visit.request)
        is_proven = self._is_proven(visit, form.get("proof", ""))
        if self.consents.links.asks_code and not is_proven:
            try:
                self.consents.proofs.check_code(visit.handle, form.get("code", ""), visit.claims.expires_at)
                is_proven = True
            except WrongCode as wrong:
                return self._page(visit, "", wrong)
        return await self.consents.begun(visit.wish, link_hash(visit.handle), needs_confirmation=not is_proven)

    def _is_proven(self, visit: _Visit, proof: str) -> bool:
        browser = self.consents.cookies.shown(visit.request, visit.cookie)
        return self.consents.proofs.is_proof(visit.handle, browser, proof)


def _elsewhere(visit: _Visit) -> Response | None:
    """To the loopback name that the provider will send the browser back to: a cookie is for one name only."""
    there, here = urlsplit(visit.wish.client.connection.redirect_uri), visit.request.url
    if there.scheme == "http" and {there.hostname, here.hostname} == set(LOOPBACK):
        return onward(str(here.replace(hostname=there.hostname)), 307)
    return None


def _scopes(visit: _Visit) -> list[tuple[str, bool]]:
    """Each scope in short, and whether it is new; those come first."""
    account = visit.wish.account if visit.claims.purpose == "step_up" else None
    granted = account.scopes_granted if account else visit.wish.scopes
    return sorted(((_short(scope), scope not in granted) for scope in visit.wish.scopes), key=lambda each: not each[1])


def _short(scope: str) -> str:
    """Of a scope that is an address, its last part says what it is for."""
    return scope.rstrip("/").rpartition("/")[2] if "://" in scope else scope
