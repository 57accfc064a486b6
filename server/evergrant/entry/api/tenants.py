"""`/v1/tenants`: the tenants of a vault, for whoever runs it; their first keys are made here."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from evergrant.entry.api import tenant_forms as forms
from evergrant.entry.api.body import body_of
from evergrant.entry.api.guard import Api, VaultAnswer
from evergrant.entry.api.keys import KeyWanted, made_key
from evergrant.entry.api.operation import Described
from evergrant.entry.api.paging import page_of
from evergrant.entry.api.problem import BadRequest, answer, problem
from evergrant.entry.api.query import query_of
from evergrant.model.tenant import Tenant
from evergrant.service.api_keys import KeyDesk
from evergrant.service.tenants import BadTenant, CannotRemoveTenant, NoSuchTenant, TenantDesk

ONE = "/tenants/{tenant_id}"
OfOne = Callable[[Request, Tenant], Awaitable[Response]]


def tenant_routes(api: Api, desk: TenantDesk, keys: KeyDesk) -> Sequence[Described]:
    """List, make, look at, change, remove; and make a key."""
    on = _Answers(desk, keys)
    return [
        api.vault_route("/tenants", "GET", on.listed, forms.LIST),
        api.vault_route("/tenants", "POST", _told(on.make), forms.MAKE),
        api.vault_route(ONE, "GET", on.one(on.look), forms.LOOK),
        api.vault_route(ONE, "PATCH", on.one(on.change), forms.CHANGE),
        api.vault_route(ONE, "DELETE", on.one(on.remove), forms.REMOVE),
        api.vault_route(f"{ONE}/keys", "POST", on.one(on.make_key), forms.MAKE_KEY),
    ]


@dataclass(frozen=True, slots=True)
class _Answers:
    desk: TenantDesk
    keys: KeyDesk

    async def listed(self, request: Request) -> Response:
        query = query_of(request, forms.Listed)
        found, following = page_of(query, self.desk.tenants.page, lambda tenant: tenant.id)
        return answer({"tenants": [forms.as_json(tenant) for tenant in found], "next_cursor": following})

    async def make(self, request: Request) -> Response:
        given = await body_of(request, forms.TenantWanted)
        made = await self.desk.make(given.name, given.id, forms.rate_of(given.limit))
        return answer(forms.as_json(made), 201)

    async def look(self, _request: Request, tenant: Tenant) -> Response:
        has = self.desk.holdings(tenant)
        counted = {"accounts": has.accounts, "connections": has.connections, "keys": has.keys}
        return answer({**forms.as_json(tenant), **counted, "webhook_endpoints": has.webhook_endpoints})

    async def change(self, request: Request, tenant: Tenant) -> Response:
        given = await body_of(request, forms.TenantChange)
        return answer(forms.as_json(await self.desk.change(tenant.id, partial(forms.changed, given))))

    async def remove(self, request: Request, tenant: Tenant) -> Response:
        receipts = await self.desk.remove(tenant.id, purge=query_of(request, forms.Removal).purge)
        return answer({"removed": tenant.id, "accounts": [forms.ending(receipt) for receipt in receipts]})

    async def make_key(self, request: Request, tenant: Tenant) -> Response:
        if tenant.ends:
            return problem(409, "being_removed", "This tenant is being removed.", "Make another tenant.")
        return await made_key(self.keys, tenant.id, await body_of(request, KeyWanted))

    def one(self, work: OfOne) -> VaultAnswer:
        """`work` on the tenant that the path names."""

        async def found(request: Request) -> Response:
            return await work(request, self.desk.find(request.path_params["tenant_id"]))

        return _told(found)


def _told(work: VaultAnswer) -> VaultAnswer:
    """What cannot be done, in words."""

    async def told(request: Request) -> Response:
        try:
            return await work(request)
        except NoSuchTenant:
            return problem(404, "not_found", "There is no such tenant.", "List them: GET /v1/tenants")
        except BadTenant as error:
            raise BadRequest(str(error), "Correct it and send it again.", "cannot_make") from None
        except CannotRemoveTenant as error:
            return problem(409, "cannot_remove", str(error), "To end all that it has: DELETE with ?purge=true")

    return told
