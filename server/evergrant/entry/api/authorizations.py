"""`/v1/authorizations`: consents under way, and the word of the tenant's back end on who the person is."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

from pydantic import AwareDatetime, Field
from starlette.requests import Request
from starlette.responses import Response

from evergrant.entry.api.guard import Answer, Api
from evergrant.entry.api.operation import Described, Given, Operation
from evergrant.entry.api.problem import answer, problem
from evergrant.model.json import JsonObject
from evergrant.model.principal import Principal
from evergrant.service.answers import Answers, NoSuchConsent, NothingKept
from evergrant.service.consent import ConsentFailed, OtherPerson
from evergrant.vault.authorizations import Authorization, Status

TAG = "authorizations"


class Consent(Given):
    id: str
    purpose: Literal["connect", "reauth"]
    connector: str
    connected_account_id: str | None = Field(description="The account to renew, and once it is done the one at hand.")
    alias: str
    scopes: list[str]
    status: Status
    detail: str | None = Field(description="What went wrong, in words.")
    created_at: AwareDatetime
    expires_at: AwareDatetime


class ConsentConfirmed(Given):
    id: str
    status: Literal["done"]
    connected_account_id: str


class ConsentDenied(Given):
    id: str
    status: Literal["denied"]


LOOK = Operation("Look at a consent", Consent, TAG, errors=(404,))
CONFIRM = Operation(
    "Confirm that the person who consented is the right one",
    ConsentConfirmed,
    TAG,
    errors=(404, 409),
    detail="The provider's code is exchanged only now.",
)
DENY = Operation("Say that the person who consented is not the right one", ConsentDenied, TAG, errors=(404, 409))

Work = Callable[[str, str], Awaitable[Response]]
"""What is done for a tenant with the consent of an id."""


def authorization_routes(api: Api, answers: Answers) -> Sequence[Described]:
    """`GET /v1/authorizations/{id}`; `POST` to `/confirm` and `/deny` beneath it."""

    async def look(tenant_id: str, authorization_id: str) -> Response:
        return answer(_as_json(answers.get(tenant_id, authorization_id)))

    async def confirm(tenant_id: str, authorization_id: str) -> Response:
        try:
            account = await answers.confirm(tenant_id, authorization_id)
        except OtherPerson as error:
            todo = "Offer the person a link for a new account: POST /v1/links with the connector."
            return problem(409, "wrong_identity", str(error), todo)
        except ConsentFailed as error:
            return problem(409, "consent_failed", str(error), "Give the person a new link: POST /v1/links")
        return answer({"id": authorization_id, "status": "done", "connected_account_id": account.id})

    async def deny(tenant_id: str, authorization_id: str) -> Response:
        await answers.deny(tenant_id, authorization_id)
        return answer({"id": authorization_id, "status": "denied"})

    return [
        api.operator_route("/authorizations/{id}", "GET", _of_one(look), LOOK),
        api.operator_route("/authorizations/{id}/confirm", "POST", _of_one(confirm), CONFIRM),
        api.operator_route("/authorizations/{id}/deny", "POST", _of_one(deny), DENY),
    ]


def _of_one(work: Work) -> Answer:
    async def answered(request: Request, who: Principal) -> Response:
        try:
            return await work(who.tenant_id, request.path_params["id"])
        except NoSuchConsent:
            return problem(404, "not_found", "There is no such authorization here.", "Look at its id.")
        except NothingKept as error:
            return problem(409, "nothing_to_confirm", str(error), "GET /v1/authorizations/{id} says how it stands.")

    return answered


def _as_json(authorization: Authorization) -> JsonObject:
    done = authorization.status == "done"
    return {
        "id": authorization.id,
        "purpose": "connect" if authorization.account_id is None else "reauth",
        "connector": authorization.connector,
        "connected_account_id": authorization.detail if done else authorization.account_id,
        "alias": authorization.alias,
        "scopes": list(authorization.scopes),
        "status": authorization.status,
        "detail": None if done else authorization.detail,
        "created_at": authorization.created_at.isoformat(),
        "expires_at": authorization.expires_at.isoformat(),
    }
