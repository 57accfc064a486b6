"""`/v1/audit`: what was called and renewed, by whom, and what came of it."""

from collections.abc import Sequence
from typing import Annotated

import anyio
import anyio.to_thread
from pydantic import AwareDatetime, Field
from starlette.requests import Request
from starlette.responses import Response

from evergrant.entry.api.guard import Api
from evergrant.entry.api.operation import Described, Given, Operation
from evergrant.entry.api.paging import Page, Paged, page_of
from evergrant.entry.api.problem import answer, problem
from evergrant.entry.api.query import FLAG, MOMENT, query_of
from evergrant.model.audit import AuditFilter, AuditKind, AuditRecord
from evergrant.model.held_call import CallEffect
from evergrant.model.principal import Principal
from evergrant.vault.accounts import Accounts
from evergrant.vault.audit import AuditLog

MOST_AT_ONCE = 4
"""Readings; the connections of the database are for others too."""


class _Wanted(Paged):
    connected_account_id: Annotated[str | None, Field(max_length=200, description="Id or alias.")] = None
    connector: Annotated[str | None, Field(max_length=200)] = None
    tool_name: Annotated[str | None, Field(max_length=200)] = None
    principal: Annotated[str | None, Field(max_length=300, description="Who asked, by name.")] = None
    outcome: Annotated[str | None, Field(max_length=200, description="`ok`, `empty`, or a failure's code.")] = None
    failed: Annotated[bool, Field(description="Only what did not succeed."), FLAG] = False
    kind: AuditKind | None = None
    since: Annotated[AwareDatetime | None, Field(description="Not before."), MOMENT] = None
    until: Annotated[AwareDatetime | None, Field(description="Before."), MOMENT] = None


class AuditLine(Given):
    """One call, one exchange of a refresh token, or the end of a grant."""

    id: str
    at: AwareDatetime = Field(description="When it ended.")
    kind: AuditKind
    principal: str | None
    connected_account_id: str | None
    connector: str | None
    tool_name: str | None
    effect: CallEffect | None
    outcome: str
    detail: str | None = Field(description="The provider's own code for what went wrong.")
    duration_ms: int
    requests: int = Field(description="How many were sent to the provider.")
    request_bytes: int
    response_bytes: int
    provider_request_id: str | None
    call_id: str | None = Field(description="Of the kept call that it is about.")
    generation: int | None = Field(description="Of the grant that was to be renewed.")
    input_names: list[str] | None = Field(description="The names of what the call was given, where those are kept.")


class AuditPage(Page):
    lines: list[AuditLine]


READ = Operation(
    "Read the audit, newest first",
    AuditPage,
    "audit",
    query=_Wanted,
    detail="A line is there within about half a second of the end of what it tells of.",
)
ONE = Operation("Read one line of the audit", AuditLine, "audit", errors=(404,))


def audit_routes(api: Api, log: AuditLog, accounts: Accounts) -> Sequence[Described]:
    """The tenant's audit. What calls said is not there: only who has the vault's key reads that."""
    at_once = anyio.CapacityLimiter(MOST_AT_ONCE)

    async def read(request: Request, who: Principal) -> Response:
        asked = query_of(request, _Wanted)
        wanted = AuditFilter(
            kind=asked.kind,
            account_id=_account_id(accounts, who.tenant_id, asked.connected_account_id),
            connector=asked.connector,
            tool=asked.tool_name,
            principal=asked.principal,
            outcome=asked.outcome,
            failed=asked.failed,
            since=asked.since,
            until=asked.until,
        )

        def page() -> tuple[Sequence[AuditRecord], str | None]:
            return page_of(
                asked, lambda after, limit: log.page(who.tenant_id, wanted, limit, after=after), lambda line: line.id
            )

        # What a filter finds nothing among may be millions of lines.
        found, following = await anyio.to_thread.run_sync(page, limiter=at_once)
        return answer({"lines": [line.as_json() for line in found], "next_cursor": following})

    async def one(request: Request, who: Principal) -> Response:
        found = log.get(who.tenant_id, request.path_params["line_id"])
        if found is None:
            return problem(404, "not_found", "There is no such line.", "List them: GET /v1/audit")
        return answer(found.as_json())

    return [
        api.operator_route("/audit", "GET", read, READ),
        api.operator_route("/audit/{line_id}", "GET", one, ONE),
    ]


def _account_id(accounts: Accounts, tenant_id: str, name: str | None) -> str | None:
    """Of an account by alias or id; the id of one that has gone is taken as it is."""
    found = accounts.named(tenant_id, name) if name else None
    return found.id if found else name
