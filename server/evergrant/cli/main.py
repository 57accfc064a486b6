"""The command line: one verb after the other, in the order in which a newcomer needs them."""

from importlib import metadata
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from evergrant.cli.verbs import Verb

VERBS = (
    (
        "serve",
        "serve:serve",
        "Run the server of the vault: MCP, pages, OAuth callback, and the jobs that keep grants alive.",
        "Example: evergrant serve --port 8484",
    ),
    (
        "mcp",
        "serve:mcp",
        "Speak MCP on standard input and output: what a client starts. Joins the server, or starts one.",
        "Example: evergrant mcp",
    ),
    (
        "status",
        "serve:status",
        "Say whether the server runs, where the vault and its key lie, and how the accounts stand.",
        "Example: evergrant status --json",
    ),
    (
        "doctor",
        "doctor:doctor",
        "Look for what is wrong with the vault, its server and this machine, and say what to do. Changes nothing.",
        "Example: evergrant doctor --offline",
    ),
    ("connections", "connections:connections", "The OAuth clients that you have registered with providers.", None),
    (
        "connect",
        "consent:connect",
        "Connect an account of CONNECTOR.",
        "Example: evergrant connect hubspot --alias acme",
    ),
    (
        "reauth",
        "consent:reauth",
        "Renew the grant of ACCOUNT by a new consent of the same person, or by a new key.",
        "Example: evergrant reauth acme --no-browser",
    ),
    ("accounts", "accounts:accounts", "The accounts that people have connected.", None),
    (
        "revoke",
        "revoke:revoke",
        "Revoke ACCOUNT's grant at its provider (RFC 7009 or the provider's own way), then forget it here.",
        "Examples: evergrant revoke acme --json; evergrant revoke --all --at-provider --dry-run",
    ),
    ("webhooks", "webhooks:webhooks", "Where events are sent: signed, retried, in order of each account.", None),
    (
        "events",
        "events:events",
        "Show what happened to grants, oldest first; with --json one object a line.",
        "Example: evergrant events --after 12 --follow --json",
    ),
    ("vault", "vault:vault", "The vault itself: its key, its copies, its seals.", None),
    ("tools", "tools:tools", "The tools that agents may call.", None),
    (
        "connectors",
        "connectors:connectors",
        "Connectors of your own: begun empty, or made from a description.",
        None,
    ),
    (
        "call",
        "call:call",
        "Call TOOL as ACCOUNT, just as an agent would.",
        'Example: evergrant call hubspot_search_contacts --account acme -d \'{"query": "acme"}\'',
    ),
    ("calls", "calls:calls", "The calls that wait for their person.", None),
    ("audit", "audit:audit", "What was called and renewed, by whom, and what came of it.", None),
    (
        "install",
        "install:install",
        "Add this server to CLIENT's configuration; all else in it stays, and a backup is kept.",
        "Example: evergrant install claude-desktop",
    ),
    (
        "uninstall",
        "install:uninstall",
        "Take this server out of CLIENT's configuration again.",
        "Example: evergrant uninstall cursor",
    ),
    (
        "token",
        "serve:token",
        "Print the bearer token for MCP over HTTP at /mcp. It opens every account of this vault: keep it.",
        "Example: evergrant token | pbcopy",
    ),
    ("keys", "api_keys:keys", "API keys: who may call which tools as which accounts, and until when.", None),
    ("tenants", "tenants:tenants", "Those whose accounts this vault keeps apart, such as your customers.", None),
    (
        "sandbox",
        "sandbox:sandbox",
        "Run a provider to practise on: an OAuth server with a tiny CRM. Point any OAuth client at it.",
        "Example: evergrant sandbox --rotation strict_family --fault drop_response:0.05",
    ),
    (
        "demo",
        "demo:demo",
        "An agent's day over three services in under a minute, with every promise counted by the provider. No network.",
        "Example: evergrant demo --json",
    ),
)
"""Of each verb its name, its module and what is in it, the first words of its help, and an example."""


class _Verbs(TyperGroup):
    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for name, of, words, epilog in VERBS:
            self.add_command(Verb(name, of, words, epilog))


def build() -> typer.Typer:
    """The whole command line."""
    app = typer.Typer(
        cls=_Verbs,
        no_args_is_help=True,
        invoke_without_command=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    app.callback()(version)
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
