"""The command line: one verb a line, in the order in which a newcomer needs them."""

from importlib import metadata
from typing import Annotated

import typer

from evergrant.cli import (
    accounts,
    api_keys,
    audit,
    call,
    calls,
    connections,
    connectors,
    consent,
    demo,
    doctor,
    events,
    install,
    revoke,
    sandbox,
    serve,
    tools,
    vault,
    webhooks,
)


def build() -> typer.Typer:
    """The whole command line."""
    app = typer.Typer(
        no_args_is_help=True,
        invoke_without_command=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    app.callback()(version)
    app.command(epilog="Example: evergrant serve --port 8484")(serve.serve)
    app.command(epilog="Example: evergrant mcp")(serve.mcp)
    app.command(epilog="Example: evergrant status --json")(serve.status)
    app.command(epilog="Example: evergrant doctor --offline")(doctor.doctor)
    app.add_typer(connections.connections, name="connections")
    app.command(epilog="Example: evergrant connect hubspot --alias acme")(consent.connect)
    app.command(epilog="Example: evergrant reauth acme --no-browser")(consent.reauth)
    app.add_typer(accounts.accounts, name="accounts")
    app.command(epilog="Examples: evergrant revoke acme --json; evergrant revoke --all --at-provider --dry-run")(
        revoke.revoke
    )
    app.add_typer(webhooks.webhooks, name="webhooks")
    app.command(epilog="Example: evergrant events --after 12 --follow --json")(events.events)
    app.add_typer(vault.vault, name="vault")
    app.add_typer(tools.tools, name="tools")
    app.add_typer(connectors.connectors, name="connectors")
    app.command(epilog='Example: evergrant call hubspot_search_contacts --account acme -d \'{"query": "acme"}\'')(
        call.call
    )
    app.add_typer(calls.calls, name="calls")
    app.add_typer(audit.audit, name="audit")
    app.command(epilog="Example: evergrant install claude-desktop")(install.install)
    app.command(epilog="Example: evergrant uninstall cursor")(install.uninstall)
    app.command(epilog="Example: evergrant token | pbcopy")(serve.token)
    app.add_typer(api_keys.keys, name="keys")
    app.command(epilog="Example: evergrant sandbox --rotation strict_family --fault drop_response:0.05")(
        sandbox.sandbox
    )
    app.command(epilog="Example: evergrant demo --json")(demo.demo)
    return app


def version(
    show: Annotated[bool, typer.Option("--version", is_eager=True, help="Print the version and end.")] = False,
) -> None:
    """A self-hosted MCP server that gives agents authenticated tools and keeps every grant beneath them alive."""
    if show:
        typer.echo(metadata.version("evergrant"))
        raise typer.Exit


def run() -> None:
    """The console script's way in."""
    build()()
