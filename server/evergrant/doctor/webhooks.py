"""The webhook endpoints: those that take no events any more, and events that were given up."""

from collections.abc import Iterator

from evergrant.doctor.finding import Finding, ok, problem, warning
from evergrant.model.endpoint import Endpoint
from evergrant.vault.overview import Overview

CHECK = "webhooks"


def webhooks(seen: Overview) -> Iterator[Finding]:
    """A finding for each fault of each endpoint; one for all where there is none."""
    found = [finding for endpoint in seen.endpoints for finding in _endpoint(endpoint)]
    yield from found
    if not found:
        yield ok(CHECK, f"All {len(seen.endpoints)} take events." if seen.endpoints else "There is none.")


def _endpoint(endpoint: Endpoint) -> Iterator[Finding]:
    name, waiting = f"{endpoint.id} ({endpoint.url})", endpoint.deliveries.get("waiting", 0)
    if endpoint.state == "disabled":
        text = f"{name} is disabled: {endpoint.reason}. {waiting} events wait."
        yield problem(CHECK, text, f"Put the receiver right, then: evergrant webhooks enable {endpoint.id}")
    elif endpoint.failures:
        text = f"{name} does not take events: {endpoint.last_error}, {endpoint.failures} times in a row."
        yield warning(CHECK, text, f"Look at the receiver, then: evergrant webhooks test {endpoint.id}")
    if dead := endpoint.deliveries.get("dead", 0):
        text = f"{name}: {dead} events were given up after ten attempts each."
        yield problem(CHECK, text, f"Send them again: evergrant webhooks replay {endpoint.id} --since 0 --dead")
