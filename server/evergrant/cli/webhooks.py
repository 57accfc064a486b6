"""`evergrant webhooks`: where events are sent, and what became of them."""

from datetime import datetime
from typing import Annotated

import typer

from evergrant.app import App
from evergrant.cli.output import Exit, JsonOption, Output, output
from evergrant.cli.running import run
from evergrant.cli.tenancy import OWN, TenantOption, checked
from evergrant.cli.webhooks_render import add_text, endpoint_text, endpoints_table, tried_text
from evergrant.model.endpoint import Delivery, Endpoint
from evergrant.model.json import Json
from evergrant.model.secret import Secret
from evergrant.service.webhooks import Tried, since_of

webhooks = typer.Typer(no_args_is_help=True, help="Where events are sent: signed, retried, in order of each account.")

Id = Annotated[str, typer.Argument(metavar="ID", help="As `evergrant webhooks list` shows it.")]
Types = Annotated[list[str] | None, typer.Option("--event", metavar="TYPE", help="Only this type; again for more.")]
Since = Annotated[str, typer.Option("--since", metavar="TIME|SEQ", help="2026-05-25T08:00:00Z, or an event's number.")]
Dead = Annotated[bool, typer.Option("--dead", help="Only events that were given up.")]


@webhooks.command(epilog="Example: evergrant webhooks add https://example.com/hooks --event agent.auth.reauth_required")
def add(url: str, event: Types = None, tenant: TenantOption = OWN, as_json: bool = JsonOption) -> None:
    """Send events to URL from now on, and print the secret that they are signed with, this once."""
    out = output(as_json)

    async def work(app: App) -> tuple[Endpoint, Secret]:
        return await app.webhooks.add(checked(app, tenant), url, event or ())

    endpoint, secret = run(out, work)
    out.show({**endpoint.as_json(), "secret": secret.reveal()}, add_text(endpoint, secret))


@webhooks.command(name="list", epilog="Example: evergrant webhooks list --json")
def list_webhooks(tenant: TenantOption = OWN, as_json: bool = JsonOption) -> None:
    """Show every endpoint, whether it takes events, and how many wait or were given up."""
    out = output(as_json)

    async def work(app: App) -> list[Endpoint]:
        return app.webhooks.endpoints.all(checked(app, tenant))

    found = run(out, work)
    empty = "None yet. Add one: evergrant webhooks add https://example.com/hooks"
    out.show({"webhooks": [one.as_json() for one in found]}, endpoints_table(found) if found else empty)


@webhooks.command(epilog="Example: evergrant webhooks show wh_01JD9Z...")
def show(endpoint_id: Id, tenant: TenantOption = OWN, as_json: bool = JsonOption) -> None:
    """Show one endpoint, and what became of the latest events."""
    out = output(as_json)

    async def work(app: App) -> tuple[Endpoint, list[Delivery]]:
        endpoint = app.webhooks.find(checked(app, tenant), endpoint_id)
        return endpoint, app.webhooks.latest(endpoint)

    endpoint, latest = run(out, work)
    told: list[Json] = [delivery.as_json() for delivery in latest]
    out.show({**endpoint.as_json(), "latest": told}, endpoint_text(endpoint, latest))


@webhooks.command(name="test", epilog="Example: evergrant webhooks test wh_01JD9Z...")
def try_out(endpoint_id: Id, tenant: TenantOption = OWN, as_json: bool = JsonOption) -> None:
    """Send a signed test message now, and say what came back."""
    out = output(as_json)

    async def work(app: App) -> Tried:
        return await app.webhooks.test(app.webhooks.find(checked(app, tenant), endpoint_id))

    tried = run(out, work)
    if not tried.reply.ok and not as_json:
        out.fail(Exit.PROVIDER, "not_delivered", tried_text(tried))
    told: dict[str, Json] = {"delivered": tried.reply.ok, "error": tried.reply.error or None}
    out.show({**told, "webhook_id": tried.message_id, "took_s": round(tried.took_s, 3)}, tried_text(tried))
    if not tried.reply.ok:
        raise typer.Exit(Exit.PROVIDER)


@webhooks.command(epilog="Example: evergrant webhooks replay wh_01JD9Z... --since 2026-05-25T08:00:00Z --dead")
def replay(
    endpoint_id: Id, since: Since, dead: Dead = False, tenant: TenantOption = OWN, as_json: bool = JsonOption
) -> None:
    """Send events again, from a time or a number on. Receivers know them by the same webhook-id."""
    out = output(as_json)
    start = _since(out, since)

    async def work(app: App) -> tuple[Endpoint, int]:
        endpoint = app.webhooks.find(checked(app, tenant), endpoint_id)
        return endpoint, await app.webhooks.replay(endpoint, start, only_dead=dead)

    endpoint, number = run(out, work)
    stopped = f"\nIt is disabled, so they wait. Go on: evergrant webhooks enable {endpoint.id}"
    text = f"{number} will be sent again by the server, if it runs."
    out.show({"replayed": number, "state": endpoint.state}, text + (stopped if endpoint.state == "disabled" else ""))


@webhooks.command(name="rotate-secret", epilog="Example: evergrant webhooks rotate-secret wh_01JD9Z...")
def rotate_secret(endpoint_id: Id, tenant: TenantOption = OWN, as_json: bool = JsonOption) -> None:
    """Sign with a new secret, printed this once; for 24 hours messages carry the former signature too."""
    out = output(as_json)

    async def work(app: App) -> Secret:
        return await app.webhooks.rotate_secret(app.webhooks.find(checked(app, tenant), endpoint_id))

    secret = run(out, work)
    text = f"{secret.reveal()}\nGive it to the receiver within 24 hours: until then the former one counts too."
    out.show({"id": endpoint_id, "secret": secret.reveal()}, text)


@webhooks.command(epilog="Example: evergrant webhooks enable wh_01JD9Z...")
def enable(endpoint_id: Id, tenant: TenantOption = OWN, as_json: bool = JsonOption) -> None:
    """Go on with an endpoint; what has waited is sent at once."""
    out = output(as_json)

    async def work(app: App) -> None:
        await app.webhooks.enable(app.webhooks.find(checked(app, tenant), endpoint_id))

    run(out, work)
    out.show({"id": endpoint_id, "state": "enabled"}, f"{endpoint_id}: enabled. Try it: {_try(endpoint_id)}")


@webhooks.command(epilog="Example: evergrant webhooks disable wh_01JD9Z...")
def disable(endpoint_id: Id, tenant: TenantOption = OWN, as_json: bool = JsonOption) -> None:
    """Stop sending to an endpoint; events wait until it is enabled."""
    out = output(as_json)

    async def work(app: App) -> None:
        await app.webhooks.disable(app.webhooks.find(checked(app, tenant), endpoint_id))

    run(out, work)
    again = f"Go on: evergrant webhooks enable {endpoint_id}"
    out.show({"id": endpoint_id, "state": "disabled"}, f"{endpoint_id}: disabled; events wait. {again}")


@webhooks.command(epilog="Example: evergrant webhooks remove wh_01JD9Z...")
def remove(endpoint_id: Id, tenant: TenantOption = OWN, as_json: bool = JsonOption) -> None:
    """Forget an endpoint and its secret. The events themselves stay: evergrant events."""
    out = output(as_json)

    async def work(app: App) -> None:
        await app.webhooks.remove(app.webhooks.find(checked(app, tenant), endpoint_id))

    run(out, work)
    out.show({"removed": endpoint_id}, f"{endpoint_id}: removed.")


def _try(endpoint_id: str) -> str:
    return f"evergrant webhooks test {endpoint_id}"


def _since(out: Output, text: str) -> int | datetime:
    found = since_of(text)
    if found is None:
        out.fail(Exit.USAGE, "usage", f"--since {text!r} is neither an event's number nor a time (ISO 8601).")
    return found
