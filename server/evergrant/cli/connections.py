"""`evergrant connections`: the OAuth clients that you have registered with providers."""

import sys
from typing import Annotated

import typer

from evergrant.app import App
from evergrant.catalog.connector import Connector
from evergrant.cli.output import Exit, JsonOption, Output, cells, output, table
from evergrant.cli.render import connection_json
from evergrant.cli.running import run
from evergrant.cli.tenancy import OWN, TenantOption, checked
from evergrant.cli.wizard.draft import Drafts
from evergrant.model.account import Connection
from evergrant.model.secret import Secret
from evergrant.service.guide import guide
from evergrant.service.pasting import Credentials, cleaned

connections = typer.Typer(no_args_is_help=True, help="The OAuth clients that you have registered with providers.")

ClientId = Annotated[str, typer.Option("--client-id", help="The client id from the provider's page for your app.")]
SecretStdin = Annotated[
    bool, typer.Option("--client-secret-stdin", help="Read the client secret from standard input, never an argument.")
]
RedirectUri = Annotated[str | None, typer.Option("--redirect-uri", help="As registered at the provider.")]
Scopes = Annotated[list[str] | None, typer.Option("--scope", help="Ask for these scopes instead of the usual ones.")]


@connections.command(
    epilog='Example: echo "$SECRET" | evergrant connections add hubspot --client-id abc --client-secret-stdin'
)
def add(
    connector: str,
    client_id: ClientId,
    client_secret_stdin: SecretStdin = False,
    redirect_uri: RedirectUri = None,
    scope: Scopes = None,
    tenant: TenantOption = OWN,
    as_json: bool = JsonOption,
) -> None:
    """Store the OAuth client for CONNECTOR, in place of a former one. Accounts stay connected."""
    out = output(as_json)
    secret = _secret(out, from_stdin=client_secret_stdin)

    async def work(app: App) -> Connection:
        declared = app.catalog.connector(connector)
        if doubt := _doubt(declared, cleaned(client_id), secret):
            out.say(f"Mind: {doubt}. It is stored as it is.")
        added = await app.registry.add(
            checked(app, tenant),
            connector,
            client_id=cleaned(client_id),
            client_secret=secret,
            redirect_uri=redirect_uri or app.settings.redirect_uri(tenant, connector, declared.redirect),
            scopes=tuple(scope or ()),
        )
        if tenant == OWN:
            Drafts(app.settings.home).forget(connector)
        return added

    connection = run(out, work)
    out.show(
        connection_json(connection),
        f"{connector}: stored as {connection.id}. Registered redirect URI must be {connection.redirect_uri}\n"
        f"Next: evergrant connect {connector}",
    )


@connections.command(name="list", epilog="Example: evergrant connections list --json")
def list_connections(tenant: TenantOption = OWN, as_json: bool = JsonOption) -> None:
    """Show the OAuth clients there are; never their secrets."""
    out = output(as_json)

    async def work(app: App) -> list[Connection]:
        return app.connections.all(checked(app, tenant))

    found = run(out, work)
    shown = table("connector", "client id", "redirect URI", "secret", "fault")
    for one in found:
        secret = "yes" if one.client_secret else "no"
        shown.add_row(*cells(one.connector, one.client_id, one.redirect_uri, secret, one.fault))
    empty = "None yet. Add one: evergrant connections add hubspot --client-id ... --client-secret-stdin"
    out.show({"connections": [connection_json(one) for one in found]}, shown if found else empty)


@connections.command(epilog="Example: evergrant connections remove hubspot")
def remove(connector: str, tenant: TenantOption = OWN, as_json: bool = JsonOption) -> None:
    """Forget the OAuth client for CONNECTOR; refused while accounts depend on it."""
    out = output(as_json)

    async def work(app: App) -> bool:
        app.catalog.connector(connector)
        return await app.connections.remove(checked(app, tenant), connector)

    if not run(out, work):
        out.fail(Exit.NOT_CONNECTED, "not_found", f"There is no connection for {connector}.")
    out.show({"removed": connector}, f"{connector}: removed.")


def secret_from_stdin(out: Output) -> Secret:
    """A line of standard input, without what copying adds around it; ends the command where there is none."""
    text = cleaned(sys.stdin.readline())
    if not text:
        out.fail(Exit.USAGE, "no_secret", "Standard input was empty: pipe the client secret into this command.")
    return Secret(text)


def _doubt(declared: Connector, client_id: str, secret: Secret | None) -> str | None:
    """What looks wrong with a client."""
    found = guide(declared, "", ())
    pasted = Credentials(found.client_id, found.client_secret)
    return pasted.fault_of_id(client_id) or (pasted.fault_of_secret(secret.reveal(), client_id) if secret else None)


def _secret(out: Output, *, from_stdin: bool) -> Secret | None:
    if from_stdin:
        return secret_from_stdin(out)
    if sys.stdin.isatty():
        text = typer.prompt("Client secret (hidden; empty if there is none)", hide_input=True, default="")
        return Secret(text) if text else None
    return None
