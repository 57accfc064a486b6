"""`evergrant connectors`: a connector of one's own, begun empty or made from what a service publishes."""

from pathlib import Path
from typing import Annotated

import typer

from evergrant.cli.output import JsonOption, output
from evergrant.making.kinds import AuthKind

connectors = typer.Typer(no_args_is_help=True, help="Connectors of your own: begun empty, or made from a description.")
Into = Annotated[
    Path | None,
    typer.Option("--into", help="The folder; else the one of EVERGRANT_CONNECTOR_PATH, else this one."),
]


@connectors.command(epilog="Example: evergrant connectors new acme --base-url https://api.acme.com/v1 --auth api_key")
def new(
    name: Annotated[str, typer.Argument(help="What its tools' names begin with: acme.")],
    base_url: Annotated[str, typer.Option("--base-url", help="Where its paths begin.")] = "https://api.example.com/v1",
    auth: Annotated[AuthKind, typer.Option("--auth", help="How requests are signed.")] = "oauth2",
    title: Annotated[str | None, typer.Option("--title", help="What people call the service.")] = None,
    authorize_url: Annotated[str | None, typer.Option("--authorize-url", help="oauth2: where people consent.")] = None,
    token_url: Annotated[str | None, typer.Option("--token-url", help="oauth2: where tokens are had.")] = None,
    scope: Annotated[list[str] | None, typer.Option("--scope", help="oauth2: one that its tools need.")] = None,
    header: Annotated[str | None, typer.Option("--header", help="api_key: the header; else Authorization.")] = None,
    query: Annotated[str | None, typer.Option("--query", help="api_key: the query parameter, in place of it.")] = None,
    into: Into = None,
    as_json: bool = JsonOption,
) -> None:
    """Write the files of a connector called NAME, with comments that say what to fill in. Overwrites nothing."""
    from evergrant.cli.connectors_work import Wish, write_new  # noqa: PLC0415  (every command would start later)

    wish = Wish(name, base_url, auth, title, authorize_url, token_url, scope, header, query)
    write_new(output(as_json), wish, into)


@connectors.command(
    name="import",
    epilog="Examples: evergrant connectors import openapi.json --list; "
    "evergrant connectors import openapi.json --name acme --operations listUsers --operations 'GET /teams/*'",
)
def import_(
    file: Annotated[str, typer.Argument(metavar="FILE", help="OpenAPI 3, Swagger 2 or Google Discovery; - reads it.")],
    name: Annotated[str | None, typer.Option("--name", help="What its tools' names begin with.")] = None,
    operations: Annotated[
        list[str] | None,
        typer.Option("--operations", help="Only these: id, path, 'GET /path', tag or pattern with *."),
    ] = None,
    show: Annotated[
        bool, typer.Option("--list", help="Show what would become of the operations; write nothing.")
    ] = False,
    base_url: Annotated[str | None, typer.Option("--base-url", help="Where it lives, if not where it says.")] = None,
    security: Annotated[
        str | None,
        typer.Option(
            "--security", help="One of its security schemes; or bearer, basic, header:NAME, query:NAME, none."
        ),
    ] = None,
    into: Into = None,
    as_json: bool = JsonOption,
) -> None:
    """Make a connector from the description of a service. Nothing is sent, and only FILE is read."""
    from evergrant.cli.connectors_work import Source, make_from  # noqa: PLC0415  (as above)

    source = Source(file, name, operations, base_url, security)
    make_from(output(as_json), source, into, only_show=show)
