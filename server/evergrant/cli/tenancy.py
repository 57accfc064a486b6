"""Which tenant a command works for: the vault's own, unless another is named."""

from typing import Annotated

import typer

from evergrant.app import App
from evergrant.model.tenant import LOCAL_TENANT, Tenant

TenantOption = Annotated[
    str,
    typer.Option(
        "--tenant", metavar="ID", envvar="EVERGRANT_TENANT", help="Work for this tenant instead of the vault's own."
    ),
]
OWN = LOCAL_TENANT


def checked(app: App, tenant_id: str) -> str:
    """The id, where there is such a tenant; raises NoSuchTenant."""
    found: Tenant = app.tenant_desk.find(tenant_id)
    return found.id
