"""`/v1/accounts`: the connected accounts of a tenant; agents see theirs, operators see to all."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, Field
from starlette.requests import Request
from starlette.responses import Response

from evergrant.entry.api.body import Body, body_of
from evergrant.entry.api.guard import Answer, Api
from evergrant.entry.api.operation import Described, Given, Operation
from evergrant.entry.api.paging import Page, Paged, page_of
from evergrant.entry.api.problem import BadRequest, answer, of_failure
from evergrant.entry.api.query import FLAG, Query, query_of
from evergrant.model.account import AccountState, Cause, ConnectedAccount
from evergrant.model.json import JsonObject
from evergrant.model.principal import Principal
from evergrant.service.accounts import AccountDesk, CannotRename, NoSuchAccount
from evergrant.service.accounts import Standing as AccountStanding
from evergrant.service.standing import Standing
from evergrant.tokens.refusals import unknown_account
from evergrant.vault.account_lists import Wanted

ONE = "/accounts/{account}"
OfOne = Callable[[Request, ConnectedAccount], Awaitable[Response]]


class _Listed(Paged):
    connector: str | None = Field(default=None, description="Only accounts of this service.")
    state: AccountState | None = None
    paused: Annotated[bool | None, FLAG] = None
    query: str | None = Field(default=None, max_length=200, description="Stands in the alias or in the identity.")


class Account(Given):
    id: str
    alias: str
    connector: str
    connection_id: str
    identity: str = Field(description="Whose it is, as a person recognises it.")
    state: AccountState
    paused: bool = Field(description="Whether calls are refused until it is resumed.")
    cause: Cause | None = Field(description="Why the person must reconnect.")
    scopes_granted: list[str]
    scopes_missing: list[str]
    created_at: AwareDatetime


class AccountList(Page):
    accounts: list[Account]


class AccountDetails(Account):
    issued_at: AwareDatetime | None
    access_expires_at: AwareDatetime | None
    next_refresh_at: AwareDatetime | None
    refresh_token: bool
    refresh_token_ends_at: AwareDatetime | None = Field(description="null where the provider documents no end.")
    last_error: str | None = Field(description="Why the last renewal failed, where none has succeeded since.")
    tools_ready: int
    tools_waiting: dict[str, list[str]] = Field(description="Tools that lack scopes, with the scopes that they lack.")


class AccountChange(Body):
    alias: str | None = None
    paused: bool | None = None


class _Removal(Query):
    at_provider: Annotated[bool, Field(description="Whether its grant is revoked at its provider first."), FLAG] = True


class AccountRemoved(Given):
    removed: str
    revoked_at_provider: bool
    why_not: str | None
    help: str | None = Field(description="The page for ending the grant by hand, where it lives on.")


LIST = Operation("List connected accounts, the oldest first", AccountList, "accounts", query=_Listed)
LOOK = Operation("Look at a connected account", AccountDetails, "accounts", errors=(404,), detail="By id or alias.")
CHANGE = Operation(
    "Rename a connected account, pause it or resume it",
    AccountDetails,
    "accounts",
    takes=AccountChange,
    errors=(404, 409),
    detail="A paused account is kept alive and lets no call through; calls that wait for its person go on waiting.",
    example={"paused": True},
)
REMOVE = Operation(
    "Remove a connected account",
    AccountRemoved,
    "accounts",
    query=_Removal,
    errors=(404,),
    detail="It is forgotten here whatever its provider says.",
)


def account_routes(api: Api, desk: AccountDesk) -> Sequence[Described]:
    """List and look, for everybody; change and remove, for operators."""

    async def listed(request: Request, who: Standing) -> Response:
        query = query_of(request, _Listed)
        wanted = Wanted(query.connector, query.state, query.paused, query.query, who.principal.accounts)
        found, following = page_of(
            query,
            lambda after, limit: desk.lists.page(who.tenant_id, wanted, after, limit),
            lambda account: account.id,
        )
        return answer({"accounts": [_as_json(account) for account in found], "next_cursor": following})

    async def look(request: Request, who: Standing) -> Response:
        found = who.account(request.path_params["account"])
        return answer(_looked(desk.standing(found))) if found else _none()

    async def change(request: Request, account: ConnectedAccount) -> Response:
        given = await body_of(request, AccountChange)
        if given.alias is None and given.paused is None:
            raise BadRequest("There is nothing to change.", "Send an alias, or paused, or both.")
        if given.alias is not None:
            await desk.rename(account.key, given.alias)
        if given.paused is not None:
            await desk.pause(account.key, paused=given.paused)
        return answer(_looked(desk.standing(desk.find(account.tenant_id, account.id))))

    async def remove(request: Request, account: ConnectedAccount) -> Response:
        removal = await desk.remove(account, at_provider=query_of(request, _Removal).at_provider)
        told = {"revoked_at_provider": removal.revoked_at_provider, "why_not": removal.why_not, "help": removal.help}
        return answer({"removed": account.id, **told})

    return [
        api.agent_route("/accounts", "GET", listed, LIST),
        api.agent_route(ONE, "GET", look, LOOK),
        api.operator_route(ONE, "PATCH", _of_one(desk, change), CHANGE),
        api.operator_route(ONE, "DELETE", _of_one(desk, remove), REMOVE),
    ]


def _of_one(desk: AccountDesk, work: OfOne) -> Answer:
    """`work` on the account that the path names."""

    async def found(request: Request, who: Principal) -> Response:
        try:
            return await work(request, desk.find(who.tenant_id, request.path_params["account"]))
        except NoSuchAccount:
            return _none()
        except CannotRename as error:
            raise BadRequest(str(error), "Choose another alias.", "cannot_rename", 409) from None

    return found


def _none() -> Response:
    return of_failure(unknown_account().failure, 404)


def _as_json(account: ConnectedAccount) -> JsonObject:
    return {
        "id": account.id,
        "alias": account.alias,
        "connector": account.connector,
        "connection_id": account.connection_id,
        "identity": account.label,
        "state": account.state,
        "paused": account.paused,
        "cause": account.cause,
        "scopes_granted": account.scopes_granted,
        "scopes_missing": account.scopes_missing,
        "created_at": account.created_at.isoformat(),
    }


def _looked(standing: AccountStanding) -> JsonObject:
    return {
        **_as_json(standing.account),
        "issued_at": _iso(standing.issued_at),
        "access_expires_at": _iso(standing.access_expires_at),
        "next_refresh_at": _iso(standing.next_refresh_at),
        "refresh_token": standing.refresh_token,
        "refresh_token_ends_at": _iso(standing.refresh_token_ends_at),
        "last_error": standing.last_error,
        "tools_ready": standing.tools_ready,
        "tools_waiting": standing.tools_waiting,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None
