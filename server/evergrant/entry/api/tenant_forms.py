"""What `/v1/tenants` takes and gives."""

from dataclasses import replace
from typing import Annotated

from pydantic import AwareDatetime, Field, StrictInt

from evergrant.entry.api.body import Body
from evergrant.entry.api.keys import KeyMade, KeyWanted
from evergrant.entry.api.operation import Given, Operation
from evergrant.entry.api.paging import Page, Paged
from evergrant.entry.api.query import FLAG, Query
from evergrant.model.json import JsonObject
from evergrant.model.tenant import Rate
from evergrant.model.tenant import Tenant as Stored
from evergrant.service.revoking import Receipt
from evergrant.service.tenants import FASTEST_PER_S, LARGEST_BURST


class TenantLimit(Body):
    requests_per_second: float = Field(gt=0, le=FASTEST_PER_S, allow_inf_nan=False)
    burst: StrictInt = Field(ge=1, le=LARGEST_BURST)


def rate_of(limit: TenantLimit | None) -> Rate | None:
    """The limit as the rest of the program sees it."""
    return Rate(limit.requests_per_second, limit.burst) if limit else None


class TenantWanted(Body):
    name: str
    id: str | None = Field(default=None, description="Where an identity provider names its tenants: its own id.")
    limit: TenantLimit | None = None


class TenantChange(Body):
    name: str | None = None
    limit: TenantLimit | None = Field(default=None, description="null takes its own limit away; left out, it stays.")


def changed(wanted: TenantChange, found: Stored) -> Stored:
    """The tenant as it is wanted; what was left out stays as it is."""
    name = found.name if wanted.name is None else wanted.name
    rate = rate_of(wanted.limit) if "limit" in wanted.model_fields_set else found.rate
    return replace(found, name=name, rate=rate)


class LimitGiven(Given):
    requests_per_second: float
    burst: int


class Tenant(Given):
    """A tenant."""

    id: str
    name: str
    limit: LimitGiven | None = Field(description="null where the server's own limit holds.")
    being_removed: bool
    created_at: AwareDatetime


class TenantDetails(Tenant):
    accounts: int
    connections: int
    keys: int
    webhook_endpoints: int


class TenantList(Page):
    tenants: list[Tenant]


class Removal(Query):
    purge: Annotated[bool, Field(description="End all that the tenant has, too."), FLAG] = False


class AccountEnded(Given):
    connected_account_id: str
    alias: str
    connector: str
    revoked_at_provider: bool
    why_not: str | None
    help: str | None = Field(description="The page for ending the grant by hand, where it lives on.")


class TenantRemoved(Given):
    removed: str
    accounts: list[AccountEnded]


class Listed(Paged):
    pass


_ABOUT = "For the token that `evergrant token` prints, and no other."
LIST = Operation("List the tenants", TenantList, "tenants", query=Listed, detail=_ABOUT)
MAKE = Operation(
    "Make a tenant", Tenant, "tenants", status=201, takes=TenantWanted, detail=_ABOUT, example={"name": "Acme Ltd"}
)
LOOK = Operation("Look at a tenant", TenantDetails, "tenants", errors=(404,), detail=_ABOUT)
CHANGE = Operation(
    "Rename a tenant, or give it a limit of its own",
    Tenant,
    "tenants",
    takes=TenantChange,
    errors=(404,),
    detail=f"A changed limit holds within ten seconds. {_ABOUT}",
    example={"limit": {"requests_per_second": 100, "burst": 400}},
)
REMOVE = Operation(
    "Remove a tenant",
    TenantRemoved,
    "tenants",
    query=Removal,
    errors=(404, 409),
    detail="One that still has something is left as it is, unless `purge` is asked for: then its keys end at once, "
    "each of its accounts is revoked at its provider and forgotten, and nothing of it is left. Broken off, it can be "
    f"sent again. {_ABOUT}",
)
MAKE_KEY = Operation(
    "Make a key of a tenant",
    KeyMade,
    "tenants",
    status=201,
    takes=KeyWanted,
    errors=(404, 409),
    detail=f"Its first, as a rule an operator's: with it, it sees to the rest itself. {_ABOUT}",
    example={"name": "back end", "operator": True},
)


def as_json(tenant: Stored) -> JsonObject:
    rate = tenant.rate
    return {
        "id": tenant.id,
        "name": tenant.name,
        "limit": {"requests_per_second": rate.per_s, "burst": rate.burst} if rate else None,
        "being_removed": tenant.ends,
        "created_at": tenant.created_at.isoformat(),
    }


def ending(receipt: Receipt) -> JsonObject:
    return {
        "connected_account_id": receipt.account.id,
        "alias": receipt.account.alias,
        "connector": receipt.account.connector,
        "revoked_at_provider": receipt.outcome == "ok",
        "why_not": receipt.why,
        "help": receipt.help,
    }
