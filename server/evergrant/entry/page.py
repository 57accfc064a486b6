"""What a page of ours is made of: a template, headers that forbid all else, and the small form that it may send."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

if TYPE_CHECKING:
    from jinja2 import Environment

LARGEST_FORM = 4096
NOT_KEPT = {"Cache-Control": "no-store"}
HEADERS = {
    # Under `no-referrer` a browser sends `Origin: null` with our own form.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    **NOT_KEPT,
}


def page(template: str, status: int = 200, *, leads_away: bool = False, **values: object) -> Response:
    """The page; all values are escaped. `leads_away`: its form ends at whichever provider the account is of."""
    # A form's target is checked along all redirects, and providers send people on to wherever they sign in.
    return _page(template, status, "*" if leads_away else "'none'", values)


def form_page(template: str, status: int = 200, **values: object) -> Response:
    """The page, whose form ends here; all values are escaped."""
    return _page(template, status, "'self'", values)


def onward(url: str, status: int = 303) -> RedirectResponse:
    """Send the browser on, without a word of where it comes from."""
    return RedirectResponse(url, status, {"Referrer-Policy": "no-referrer", **NOT_KEPT})


def style_sheet() -> Response:
    """The one style sheet."""
    return Response(_templates().get_template("style.css").render(), media_type="text/css")


def is_same_origin(request: Request) -> bool:
    """Whether the browser says that the form came from this very site (Fetch: Origin)."""
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc == request.headers.get("Host")


async def form_of(request: Request) -> Mapping[str, str]:
    """The form's fields; of one that is larger than any of ours, none."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            return {}
    return dict(parse_qsl(body.decode("utf-8", "replace")))


def _page(template: str, status: int, target: str, values: Mapping[str, object]) -> Response:
    text = _templates().get_template(template).render(**values)
    return HTMLResponse(text, status, {"Content-Security-Policy": _policy(target), **HEADERS})


def _policy(target: str) -> str:
    return f"default-src 'none'; style-src 'self'; form-action {target}; frame-ancestors 'none'; base-uri 'none'"


def _templates() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, select_autoescape  # noqa: PLC0415 (stdio has no pages)

    folder = Path(__file__).parent / "templates"
    return Environment(loader=FileSystemLoader(folder), autoescape=select_autoescape(["html"]))
