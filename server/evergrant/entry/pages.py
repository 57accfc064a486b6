"""The pages that people meet in a browser: those of a consent, and a front page without personal data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from evergrant.entry.callback import Callback
from evergrant.entry.consents import Consents
from evergrant.entry.link_page import LinkPage
from evergrant.entry.page import page, style_sheet


@dataclass(frozen=True, slots=True)
class Pages:
    """All pages of a server."""

    consents: Consents
    snippets: Callable[[], Mapping[str, str]]

    def routes(self) -> list[Route]:
        """The routes of the whole set."""
        return [Route("/", self._front), *consent_routes(self.consents)]

    async def _front(self, _request: Request) -> Response:
        return page("front.html", snippets=self.snippets())


def consent_routes(consents: Consents) -> list[Route]:
    """What a consent needs; enough for `evergrant connect` without a server."""
    return [*LinkPage(consents).routes(), *Callback(consents).routes(), Route("/style.css", _style)]


async def _style(_request: Request) -> Response:
    return style_sheet()
