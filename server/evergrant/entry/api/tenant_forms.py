"""What `/v1/tenants` takes and gives."""

from pydantic import AwareDatetime, Field, StrictInt

from evergrant.entry.api.body import Body
from evergrant.entry.api.keys import Made, NewKey
from evergrant.entry.api.operation import Given, Operation
from evergrant.entry.api.paging import Page, Paged
from evergrant.entry.api.query import Flag, Query
from evergrant.model.json import JsonObject
from evergrant.model.tenant import Rate, Tenant
from evergrant.service.revoking import Receipt
from evergrant.service.tenants import FASTEST_PER_S, LARGEST_BURST


class Limit(Body):
    requests_per_second: float = Field(gt=0, le=FASTEST_PER_S, allow_inf_nan=False)
    burst: StrictInt = Field(ge=1, le=LARGEST_BURST)


def rate_of(limit: Limit | None) -> Rate | None:
    """The limit as the rest of the program sees it."""
    return Rate(limit.requests_per_second, limit.burst) if limit else None


class NewTenant(Body):
    name: str
    id: str | None = Field(default=None, description="Where an identity provider names its tenants: its own id.")
    limit: Limit | None = None


class Change(Body):
    name: str | None = None
    limit: Limit | None = Field(default=None, description="null takes its own limit away; left out, it stays.")


class GivenLimit(Given):
    requests_per_second: float
    burst: int


class GivenTenant(Given):
    """A tenant."""

    id: str
    name: str
    limit: GivenLimit | None = Field(description="null where the server's own limit holds.")
    being_removed: bool
    created_at: AwareDatetime


class LookedAt(GivenTenant):
    accounts: int
    connections: int
    keys: int
    webhook_endpoints: int


class GivenTenants(Page):
    tenants: list[GivenTenant]


class Removal(Query):
    purge: Flag = Field(default=False, description="End all that the tenant has, too.")


class Ending(Given):
    connected_account_id: str
    alias: str
    connector: str
    revoked_at_provider: bool
    why_not: str | None
    help: str | None = Field(description="The page for ending the grant by hand, where it lives on.")


class Removed(Given):
    removed: str
    accounts: list[Ending]


class Listed(Paged):
    pass


_ABOUT = "For the token that `evergrant token` prints, and no other."
LIST = Operation("List the tenants", GivenTenants, "tenants", query=Listed, detail=_ABOUT)
MAKE = Operation(
    "Make a tenant", GivenTenant, "tenants", status=201, takes=NewTenant, detail=_ABOUT, example={"name": "Acme Ltd"}
)
LOOK = Operation("Look at a tenant", LookedAt, "tenants", errors=(404,), detail=_ABOUT)
CHANGE = Operation(
    "Rename a tenant, or give it a limit of its own",
    GivenTenant,
    "tenants",
    takes=Change,
    errors=(404,),
    detail=f"A changed limit holds within ten seconds. {_ABOUT}",
    example={"limit": {"requests_per_second": 100, "burst": 400}},
)
REMOVE = Operation(
    "Remove a tenant",
    Removed,
    "tenants",
    query=Removal,
    errors=(404, 409),
    detail="One that still has something is left as it is, unless `purge` is asked for: then its keys end at once, "
    "each of its accounts is revoked at its provider and forgotten, and nothing of it is left. Broken off, it can be "
    f"sent again. {_ABOUT}",
)
MAKE_KEY = Operation(
    "Make a key of a tenant",
    Made,
    "tenants",
    status=201,
    takes=NewKey,
    errors=(404, 409),
    detail=f"Its first, as a rule an operator's: with it, it sees to the rest itself. {_ABOUT}",
    example={"name": "back end", "operator": True},
)


def as_json(tenant: Tenant) -> JsonObject:
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
