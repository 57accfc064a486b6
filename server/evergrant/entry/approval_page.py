"""The page at which a person approves or refuses one call: to whom proves to be the one asked, it shows the call."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from evergrant.catalog.catalog import Catalog, UnknownConnector
from evergrant.catalog.declaration import DeclarationError
from evergrant.entry.consents import Consents
from evergrant.entry.page import form_of, form_page, is_same_origin, page
from evergrant.entry.stops import APPROVAL_STOPS, of_another_site, stop_of_approval
from evergrant.model.account import ConnectedAccount
from evergrant.model.held_call import HeldCall
from evergrant.model.link import Claims
from evergrant.oauth.flow import fresh_secret
from evergrant.service.approval_words import DOES, arguments
from evergrant.service.approvals import Approvals
from evergrant.service.links import PATHS, ForeignLink, UsedLink, span
from evergrant.service.proof import TooManyCodes, WrongCode
from evergrant.vault.link_seal import link_hash

MOST_SHOWN = 1_000_000
"""Characters of a call's arguments."""
BY = "the person at the link"


@dataclass(frozen=True, slots=True)
class _Visit:
    """A request for the page of a call that is undecided."""

    request: Request
    handle: str
    claims: Claims
    call: HeldCall
    account: ConnectedAccount | None

    @property
    def cookie(self) -> str:
        return link_hash(self.handle)[:20]


@dataclass(frozen=True, slots=True)
class ApprovalPage:
    """Where calls are approved in a browser. The arguments are people's data, so they are shown after the code only."""

    consents: Consents
    approvals: Approvals
    catalog: Catalog

    def routes(self) -> list[Route]:
        """`/approve/{link}`."""
        return [Route(f"/{PATHS['approve']}/{{handle}}", self._link, methods=["GET", "POST"])]

    async def _link(self, request: Request) -> Response:
        try:
            visit = self._visit(request)
            return await self._answered(visit) if request.method == "POST" else self._asks_code(visit)
        except APPROVAL_STOPS as error:
            return stop_of_approval(error)

    def _visit(self, request: Request) -> _Visit:
        handle = request.path_params["handle"]
        claims, call = self.approvals.opened(handle)
        if not self.consents.serves(claims.tenant_id):
            raise ForeignLink("This link was made for another place than this.")
        if self.consents.proofs.is_closed(handle):
            raise TooManyCodes
        return _Visit(request, handle, claims, call, self.approvals.account(call))

    async def _answered(self, visit: _Visit) -> Response:
        if not is_same_origin(visit.request):
            return of_another_site()
        form = await form_of(visit.request)
        if "proof" in form:
            return await self._decided(visit, form)
        try:
            self.consents.proofs.check_code(visit.handle, form.get("code", ""), visit.claims.expires_at)
        except WrongCode as wrong:
            return self._asks_code(visit, wrong)
        return self._shows_call(visit)

    def _asks_code(self, visit: _Visit, wrong: WrongCode | None = None) -> Response:
        return self._page(visit, 403 if wrong else 200, wrong=wrong)

    def _shows_call(self, visit: _Visit) -> Response:
        """The call, to this browser only: what it will send back is good for nobody else."""
        browser = fresh_secret()
        shown, left = arguments(visit.call, MOST_SHOWN)
        proof = self.consents.proofs.proof(visit.handle, browser)
        response = self._page(visit, 200, proof=proof, arguments=shown, left=left)
        self.consents.cookies.give(response, visit.cookie, browser)
        return response

    def _page(self, visit: _Visit, status: int, **more: object) -> Response:
        return form_page(
            "approve.html",
            status,
            tool=visit.call.tool_name,
            does=DOES[visit.call.effect],
            effect=visit.call.effect,
            asked_by=visit.call.asked_by,
            account=visit.account,
            service=self._service(visit.account),
            lives=span(self.approvals.left(visit.claims)),
            **more,
        )

    async def _decided(self, visit: _Visit, form: Mapping[str, str]) -> Response:
        browser = self.consents.cookies.shown(visit.request, visit.cookie)
        decide = {"approve": self.approvals.approve, "refuse": self.approvals.refuse}.get(form.get("decision", ""))
        if decide is None or not self.consents.proofs.is_proof(visit.handle, browser, form["proof"]):
            return self._asks_code(visit)
        if not await decide(visit.call.tenant_id, visit.call.id, BY):
            raise UsedLink("The call that this link was for was approved or refused already, or taken back.")
        response = page("decided.html", approved=form["decision"] == "approve", tool=visit.call.tool_name)
        self.consents.cookies.drop(response, visit.cookie)
        return response

    def _service(self, account: ConnectedAccount | None) -> str:
        try:
            return self.catalog.connector(account.connector).name if account else ""
        except (UnknownConnector, DeclarationError):
            return account.connector if account else ""
