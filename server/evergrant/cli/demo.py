"""`evergrant demo`: a day in under a minute."""

import asyncio

import typer

from evergrant.cli.output import Exit, JsonOption, output


def demo(as_json: bool = JsonOption) -> None:
    """An agent's day over three services in under a minute, with every promise counted by the provider. No network."""
    from evergrant.demo.run import run_demo  # noqa: PLC0415  (no other verb pays for it)

    out = output(as_json)
    try:
        report = asyncio.run(run_demo(None if as_json else out.aside))
    except KeyboardInterrupt:
        out.fail(Exit.FAILED, "cancelled", "Cancelled. Nothing was kept.")
    out.show(report.as_json(), report.as_text())
    if not report.kept:
        raise typer.Exit(Exit.FAILED)
