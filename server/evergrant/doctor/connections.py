"""The OAuth clients: those that providers refuse, those that nothing uses, and connectors that are broken or gone."""

from collections.abc import Iterator, Mapping

from evergrant.doctor.finding import Finding, note, ok, problem, warning
from evergrant.vault.overview import Overview

CHECK = "connections"


def connections(seen: Overview) -> Iterator[Finding]:
    """Faults, and connections and accounts that have lost each other."""
    faults = [*_faults(seen), *_without_connection(seen)]
    yield from faults
    yield from _unused(seen)
    if not faults:
        number = len(seen.connections)
        yield ok(
            CHECK,
            f"No provider refuses an OAuth client of ours (we have {number})."
            if number
            else "There is no OAuth client yet.",
        )


def connectors(seen: Overview, known: Mapping[str, object], faults: Mapping[str, Exception]) -> Iterator[Finding]:
    """Files that cannot be read, and what is connected to services that are no longer there."""
    used = {each.connector for each in seen.connections} | {each.connector for each in seen.accounts}
    for name, fault in sorted(faults.items()):
        level = problem if name in used else warning
        again = f"Correct the file, then: evergrant tools list --connector {name}"
        yield level("connectors", f"The connector {name} is broken: {fault}", again)
    gone = sorted(used - set(known) - set(faults))
    for name in gone:
        yield problem(
            "connectors",
            f"Accounts or an OAuth client of {name} are kept here, and there is no such connector.",
            f"Put it back: EVERGRANT_CONNECTOR_PATH names the folder that had connectors/{name}.yaml. Or forget them: "
            f"evergrant accounts list; evergrant accounts remove ALIAS",
        )
    if not faults and not gone:
        yield ok("connectors", f"All {len(known)} can be read.")


def _faults(seen: Overview) -> Iterator[Finding]:
    for each in (each for each in seen.connections if each.fault):
        yield problem(
            CHECK,
            f"{each.connector} refuses our OAuth client: {each.fault}. No account behind it can be renewed.",
            "Look at the app on the provider's page, then store what it says (accounts stay): evergrant connections "
            f"add {each.connector} --client-id YOUR_ID --client-secret-stdin",
        )


def _without_connection(seen: Overview) -> Iterator[Finding]:
    there = {each.id for each in seen.connections}
    for account in (account for account in seen.accounts if account.connection_id not in there):
        yield problem(
            CHECK,
            f"The account {account.alias!r} has no OAuth client any more, so it cannot be renewed.",
            f"Add it: evergrant connections add {account.connector} --client-id YOUR_ID --client-secret-stdin",
        )


def _unused(seen: Overview) -> Iterator[Finding]:
    used = {account.connection_id for account in seen.accounts}
    for each in (each for each in seen.connections if each.id not in used):
        name = each.connector
        yield note(
            CHECK,
            f"No account is connected through the OAuth client for {name}.",
            f"Connect one: evergrant connect {name}. Or forget it: evergrant connections remove {name}",
        )
