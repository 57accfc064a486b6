"""Write the document of the HTTP API and the page made from it; `--check` says whether they are current."""

import asyncio
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

import structlog

from evergrant.app import open_app
from evergrant.entry.api.document import ALWAYS, document, statuses
from evergrant.entry.api.operation import Described
from evergrant.entry.mcp.http import bearer_principal
from evergrant.entry.mcp.server import make_server
from evergrant.parts import mcp_parts
from evergrant.service.token_desk import OPERATE
from evergrant.settings import Settings
from evergrant.surface import web_app
from evergrant.surroundings import real_world
from generated import main

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
ABOUT = """# The HTTP API

Made by `scripts/openapi.py` from what the routes say of themselves; the whole of it, with the shape of every request
and answer, is [openapi.json](openapi.json), an OpenAPI 3.1 document that the server gives out too, at
`/v1/openapi.json`.

Every request bears a token: `Authorization: Bearer ...` with an API key, an access token of the operator's issuer, or
what `evergrant token` prints. What only an operator's token may do is marked so. Whatever is not of your tenant, or not
for your key, is answered as if it were not there.

- **Errors** are problem documents ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)): `code` is stable and for
  programs, `title` says what happened, `detail` what to do.
- **Pages**: lists give `limit` entries at most (1 to 100) and a `next_cursor`; ask again with it as `cursor` until it
  is null. What comes or goes meanwhile shifts nothing. Events are read on from a number instead, their `seq`, which you
  can keep.
- **Once**: send an `Idempotency-Key` of your making with a POST, and the same request under the same key is not done
  again for 24 hours: it gets the first answer, with the header `Idempotency-Replayed: true`. Another request under the
  key gets 422, one that comes while the first is under way 409 `request_under_way`. Answers are kept sealed, also those
  that tell a key or a secret. An answer that says that nothing was done (our own refusal, or `retryable: true`) frees
  the key. Where a server died at a request, or an account was removed since, it is 409 `outcome_unknown`: look before
  you ask again. A tool that only reads is called again each time, and nothing of it is kept. Tools whose provider has a
  header for such keys are called with one made from yours.
- **Unknown members** of a query or a body are refused; answers may get further ones.

Every route may answer 400, 401, 403, 421, 429 and 503; the table names what else there is.
"""
COLUMNS = ("Request", "For", "What it does", "Answers")


async def described() -> Sequence[Described]:
    """The routes of the app as it is composed, on a vault that is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        settings, log = Settings(home=Path(folder) / "home", key_source="file"), structlog.get_logger()
        async with open_app(settings, real_world()) as app:
            web = web_app(app, make_server(mcp_parts(app, log), bearer_principal), dict, log)
            return [route for route in web.routes if isinstance(route, Described)]


def page(routes: Sequence[Described]) -> Iterator[str]:
    """The lines of the page."""
    yield from ABOUT.splitlines()
    by_tag = sorted({route.operation.tag for route in routes})
    for tag in by_tag:
        yield from ("", f"## {tag.capitalize()}", "")
        yield _row(*COLUMNS)
        yield _row(*("---" for _ in COLUMNS))
        for route in sorted(routes, key=lambda route: (route.path, route.method)):
            if route.operation.tag == tag:
                yield _told(route)


def _told(route: Described) -> str:
    said = route.operation
    more = [str(status) for status in statuses(said, route.method) if status not in ALWAYS]
    whom = "operator" if route.bearer_scope == OPERATE else "any"
    return _row(f"`{route.method} {route.path}`", whom, said.summary, ", ".join([str(said.status), *more]))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def files() -> dict[str, str]:
    """Name and text of each."""
    routes = asyncio.run(described())
    told = json.dumps(document(routes, version("evergrant")), indent=2, ensure_ascii=False)
    return {"openapi.json": f"{told}\n", "http-api.md": "\n".join(page(routes)) + "\n"}


if __name__ == "__main__":
    sys.exit(main("scripts/openapi.py", __doc__, FOLDER, files))
