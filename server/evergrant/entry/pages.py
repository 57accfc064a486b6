"""The pages that people meet in a browser: the callback, the reconnect page, and a front page without personal data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from evergrant.model.account import AccountKey
from evergrant.oauth.flow import NotARedirect, parse_redirect
from evergrant.service.connect import CannotConnect, Connect
from evergrant.service.consent import Consent, ConsentFailed
from evergrant.store.database import StoreUnavailable
from evergrant.vault.accounts import Accounts
from evergrant.vault.seal import SealBroken

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action *; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
"""`form-action *`: the reconnect form redirects to whichever provider the account is of. `same-origin`: under
`no-referrer` a browser sends `Origin: null` with our own form."""


@dataclass(frozen=True, slots=True)
class Pages:
    """Server-rendered pages; every provider's word in them is escaped."""

    connect: Connect
    consent: Consent
    accounts: Accounts
    tenant_id: str
    snippets: Callable[[], Mapping[str, str]]

    def routes(self) -> list[Route]:
        """The routes of the whole set."""
        return [
            Route("/", self._front),
            Route("/style.css", self._style),
            Route("/reconnect/{account_id}", self._reconnect, methods=["GET", "POST"]),
            *self.callback_routes(),
        ]

    def callback_routes(self) -> list[Route]:
        """Only what a provider redirects to; enough for `evergrant connect` without a server."""
        return [Route("/callback", self._callback), Route("/style.css", self._style)]

    async def _front(self, _request: Request) -> Response:
        return _page("front.html", snippets=self.snippets())

    async def _style(self, _request: Request) -> Response:
        return Response(_templates().get_template("style.css").render(), media_type="text/css")

    async def _callback(self, request: Request) -> Response:
        try:
            redirect = parse_redirect(str(request.url))
            account = await self.consent.finish(redirect)
        except NotARedirect:
            return _failed("This address is for a provider's answer, and there is none in it.", 400)
        except ConsentFailed as failed:
            return _failed(str(failed), 400)
        except (StoreUnavailable, SealBroken) as error:
            return _failed(f"{error} Look at the server, then start again.", 503)
        return _page("connected.html", account=account)

    async def _reconnect(self, request: Request) -> Response:
        account = self.accounts.get(AccountKey(self.tenant_id, request.path_params["account_id"]))
        if account is None:
            return _failed("There is no such account here. List them: evergrant accounts list", 404)
        if request.method == "GET":
            return _page("reconnect.html", account=account)
        if not _same_origin(request):
            return _failed("This form was sent from another site.", 403)
        try:
            begun = await self.connect.begin_reauth(account)
        except CannotConnect as error:
            return _failed(str(error), 409)
        return RedirectResponse(begun.url, status_code=303, headers={"Referrer-Policy": "no-referrer"})


def _same_origin(request: Request) -> bool:
    """Whether the browser says that the form came from this very site (Fetch: Origin)."""
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc == request.headers.get("Host")


def _failed(message: str, status: int) -> Response:
    return _page("failed.html", status, message=message)


def _page(template: str, status: int = 200, **values: object) -> Response:
    return HTMLResponse(_templates().get_template(template).render(**values), status, HEADERS)


def _templates() -> Environment:
    folder = Path(__file__).parent / "templates"
    return Environment(loader=FileSystemLoader(folder), autoescape=select_autoescape(["html"]))
