"""Webhook endpoints as text."""

from rich.console import Group, RenderableType
from rich.text import Text

from evergrant.cli.output import cells, plain, table
from evergrant.model.endpoint import Delivery, Endpoint
from evergrant.model.secret import Secret
from evergrant.service.webhooks import Tried


def add_text(endpoint: Endpoint, secret: Secret) -> str:
    """A new endpoint with its secret, which is not shown again."""
    return (
        f"{endpoint.id} gets {_types(endpoint)}.\n\n  {secret.reveal()}\n\n"
        "This is what messages are signed with (Standard Webhooks). Give it to the receiver now: it is not shown "
        f"again.\nNext: evergrant webhooks test {endpoint.id}"
    )


def endpoints_table(found: list[Endpoint]) -> RenderableType:
    """All endpoints at a glance, and what to do about those that do not take events."""
    shown = table("id", "URL", "events", "state", "waiting", "given up", "last error")
    for one in found:
        waiting, dead = (str(one.deliveries.get(state, 0)) for state in ("waiting", "dead"))
        shown.add_row(*cells(one.id, one.url, _types(one), one.state, waiting, dead, one.last_error))
    return Group(shown, *(Text(plain(remark)) for one in found for remark in remarks(one)))


def endpoints_text(found: list[Endpoint]) -> str:
    """How they stand, in a line or two."""
    states = [one.state for one in found]
    counted = ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states)))
    return "\n          ".join([counted or "none", *(remark for one in found for remark in remarks(one))])


def endpoint_text(endpoint: Endpoint, latest: list[Delivery]) -> RenderableType:
    """One endpoint, with its latest events."""
    counted = ", ".join(f"{number} {state}" for state, number in sorted(endpoint.deliveries.items()))
    failing = f"{endpoint.failures} in a row, {endpoint.last_error}" if endpoint.failures else "none"
    head = [
        f"{endpoint.id}  {endpoint.url}",
        f"  state     {endpoint.state}{f' ({endpoint.reason})' if endpoint.reason else ''}",
        f"  events    {_types(endpoint)}",
        f"  failures  {failing}",
        f"  sent      {counted or 'nothing yet'}",
        *([f"  secrets   two, until {endpoint.former_until:%Y-%m-%d %H:%M} UTC"] if endpoint.former_until else []),
        *remarks(endpoint),
    ]
    shown = table("seq", "type", "state", "failed attempts", "last error", "id")
    for one in latest:
        shown.add_row(*cells(str(one.seq), one.type, one.state, str(one.attempts), one.last_error, one.event_id))
    return Group(Text(plain("\n".join(head))), *([shown] if latest else []))


def remarks(endpoint: Endpoint) -> list[str]:
    """What is wrong with an endpoint, and the command that puts it right."""
    found: list[str] = []
    if endpoint.state == "disabled":
        found.append(f"{endpoint.id} is disabled: {endpoint.reason}. Go on: evergrant webhooks enable {endpoint.id}")
    if endpoint.deliveries.get("dead"):
        again = f"evergrant webhooks replay {endpoint.id} --since 0 --dead"
        found.append(f"{endpoint.id}: some events were given up. Send them again: {again}")
    return found


def tried_text(tried: Tried) -> str:
    """What came of a test message."""
    if tried.reply.ok:
        return f"Taken in {tried.took_s:.2f} s (webhook-id {tried.message_id})."
    return f"Not taken: {tried.reply.error}. {_advice(tried.reply.error)}"


def _advice(error: str) -> str:
    if error == "address_refused":
        return "Its host does not lead to the public internet: EVERGRANT_ALLOW_PRIVATE_HOSTS permits it."
    if error.startswith("http_3"):
        return "Redirects are not followed: add the address that it leads to."
    if error.startswith("http_4"):
        return "The receiver refuses it: look at its address, and at the secret that it verifies with."
    return "Look whether the receiver runs, and whether this machine reaches it."


def _types(endpoint: Endpoint) -> str:
    return ", ".join(endpoint.types) or "all events"
