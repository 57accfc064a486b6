"""The practice CRM's calls: contacts and rows of the user whose token came along."""

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from evergrant.model.clock import Clock
from evergrant.model.json import Json
from evergrant.sandbox.bearer import Bearer
from evergrant.sandbox.book import Book
from evergrant.sandbox.contact import Contact, ContactFields
from evergrant.sandbox.count import Count
from evergrant.sandbox.people import profile
from evergrant.sandbox.refusal import Refusal, invalid

READ, WRITE = "crm.read", "crm.write"
MOST_RESULTS = 100


class Row(BaseModel):
    """A row as it is sent."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)

    row: list[bool | int | float | str | None]


class Crm:
    """Every user's book, opened on first use."""

    def __init__(self, bearer: Bearer, count: Count, clock: Clock) -> None:
        self._bearer = bearer
        self._count = count
        self._clock = clock
        self._books: dict[str, Book] = {}

    def book(self, user: str) -> Book:
        """What this user keeps."""
        if user not in self._books:
            self._books[user] = Book(self._clock.now())
        return self._books[user]

    async def me(self, _request: Request, user: str) -> Response:
        return JSONResponse(profile(user))

    async def search(self, request: Request, user: str) -> Response:
        query = request.query_params
        limit = _limit(query.get("limit", "20"))
        page = self.book(user).search(query.get("query", ""), limit, query.get("after", ""))
        return JSONResponse({"results": [_shown(contact) for contact in page.results], "next": page.next})

    async def get(self, request: Request, user: str) -> Response:
        return JSONResponse(_shown(self.book(user).get(_contact_id(request))))

    async def create(self, request: Request, user: str) -> Response:
        fields = await _fields(request)
        if "name" not in fields.model_fields_set:
            raise Refusal("invalid_request", "name: Field required")
        book, key = self.book(user), request.headers.get("idempotency-key")
        made = None if key is None else book.replayed(key, fields)
        if made is not None:
            return JSONResponse(_shown(made), 201, {"Idempotent-Replayed": "true"})
        contact = book.create(fields, self._clock.now())
        if key is not None:
            book.remember(key, fields, contact)
        self._wrote(request)
        return JSONResponse(_shown(contact), 201)

    async def change(self, request: Request, user: str) -> Response:
        fields = await _fields(request)
        contact = self.book(user).change(_contact_id(request), fields, self._clock.now())
        self._wrote(request)
        return JSONResponse(_shown(contact))

    async def delete(self, request: Request, user: str) -> Response:
        self.book(user).delete(_contact_id(request))
        self._wrote(request)
        return Response(status_code=204)

    async def rows(self, _request: Request, user: str) -> Response:
        return JSONResponse({"rows": self.book(user).rows})

    async def append(self, request: Request, user: str) -> Response:
        try:
            row = Row.model_validate_json(await request.body()).row
        except ValidationError as error:
            raise invalid(error) from None
        rows = self.book(user).rows
        rows.append([*row])
        self._wrote(request)
        return JSONResponse({"number": len(rows), "row": row}, 201)

    def _wrote(self, request: Request) -> None:
        for tally in self._count.each(self._bearer.client_of(request, b"")):
            tally.writes += 1


def _contact_id(request: Request) -> str:
    return str(request.path_params["contact_id"])


def _shown(contact: Contact) -> Json:
    shown: dict[str, Json] = contact.model_dump(mode="json")
    return shown


async def _fields(request: Request) -> ContactFields:
    try:
        return ContactFields.model_validate_json(await request.body())
    except ValidationError as error:
        raise invalid(error) from None


def _limit(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_RESULTS:
        raise Refusal("invalid_request", f"limit must be a number from 1 to {MOST_RESULTS}.")
    return int(text)
