"""The services there are: what connecting each takes, and the accounts that are connected."""

from collections.abc import Sequence

from rich.table import Table

from evergrant.app import App
from evergrant.catalog.connector import Connector
from evergrant.cli.output import Output, cells, table
from evergrant.cli.running import run
from evergrant.cli.wizard import words
from evergrant.model.account import ConnectedAccount
from evergrant.model.json import Json
from evergrant.service.guide import takes
from evergrant.settings import LOCAL_TENANT


def show_overview(out: Output, only: str | None) -> None:
    """Print all of them, or one."""

    async def work(app: App) -> tuple[list[Json], Table]:
        names = [only] if only else list(app.catalog.connectors())
        accounts = app.accounts.all(LOCAL_TENANT)
        clients = {each.connector: each.fault for each in app.connections.all(LOCAL_TENANT)}
        rows: list[Json] = []
        shown = table("service", "what it is", "to connect", "accounts")
        for name in names:
            declared, own = app.catalog.connector(name), [each for each in accounts if each.connector == name]
            rows.append(_as_json(name, declared, own, has_client=name in clients))
            what = words.takes(declared, has_client=name in clients, fault=clients.get(name))
            shown.add_row(*cells(name, declared.name, what, ", ".join(each.alias for each in own)))
        for name in app.catalog.faults:
            shown.add_row(*cells(name, "", words.BROKEN, ""))
        return rows, shown

    rows, shown = run(out, work)
    out.show({"services": rows}, shown)


def _as_json(name: str, declared: Connector, accounts: Sequence[ConnectedAccount], *, has_client: bool) -> Json:
    return {
        "service": name,
        "name": declared.name,
        "description": declared.description,
        "takes": takes(declared),
        "minutes": declared.registration.minutes if declared.registration else None,
        "has_client": has_client and takes(declared) == "oauth_client",
        "accounts": [{"id": each.id, "alias": each.alias, "state": each.state} for each in accounts],
    }
