"""The connected accounts: those that need their person, and those whose grant may be about to die."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from evergrant.catalog.connector import Connector
from evergrant.doctor.finding import Finding, note, ok, problem, warning
from evergrant.model.account import ConnectedAccount
from evergrant.tokens.policy import ends_soon, refresh_token_end
from evergrant.vault.overview import KnownGrant, Overview

CHECK = "accounts"
LONG_DUE = timedelta(minutes=15)
"""Longer than a tick puts off what it cannot renew."""
LONG_OPEN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What an account's standing is judged by."""

    now: datetime
    serving: bool
    """Whether a server runs."""
    restart: str
    """What starts one, or starts it anew."""
    connectors: Mapping[str, Connector]
    troubled: frozenset[str] = frozenset()
    """The connections of which an exchange has failed: the server waits for their provider."""


def accounts(seen: Overview, around: Circumstances) -> Iterator[Finding]:
    """A finding for each fault of each account; one for all where there is none."""
    around = replace(around, troubled=frozenset(each.account.connection_id for each in seen.grants if each.attempts))
    judged = [finding for grant in seen.grants if _is_kept_alive(grant) for finding in _grant(grant, around)]
    found = [*_dead(seen), *judged]
    yield from found
    if not any(finding.level in ("warning", "problem") for finding in found):
        yield ok(CHECK, f"All {len(seen.accounts)} are in order." if seen.accounts else "None is connected yet.")


def _is_kept_alive(grant: KnownGrant) -> bool:
    return not grant.dead and grant.account.state != "revoked"


def _dead(seen: Overview) -> Iterator[Finding]:
    for account in seen.accounts:
        if account.state == "reauth_required":
            why = f" ({account.cause})" if account.cause else ""
            text = f"{_name(account)}: its grant is dead{why}, so its person must sign in again."
            yield problem(CHECK, text, f"evergrant reauth {account.alias}")
        elif account.state == "revoked":
            text = f"{_name(account)}: its grant was revoked."
            yield note(CHECK, text, f"evergrant reauth {account.alias}, or: evergrant accounts remove {account.alias}")


def _grant(grant: KnownGrant, around: Circumstances) -> Iterator[Finding]:
    checks: tuple[Callable[[KnownGrant, Circumstances], Finding | None], ...] = (_late, _failing, _open, _ending)
    found = (check(grant, around) for check in checks)
    yield from (finding for finding in found if finding)
    if grant.orphan:
        text = f"{_name(grant.account)}: a renewal that came late is kept, in case the stored one is refused."
        yield note(CHECK, text, f"Nothing. Its standing: evergrant accounts show {grant.account.alias}")


def _late(grant: KnownGrant, around: Circumstances) -> Finding | None:
    if grant.refresh_at is None or around.now - grant.refresh_at < LONG_DUE:
        return None
    text = f"{_name(grant.account)}: it should have been renewed at {_at(grant.refresh_at)}"
    if not around.serving:
        return warning(CHECK, f"{text}, and no server runs.", "Start it: evergrant serve")
    if grant.account.connection_id in around.troubled:
        what = f"Nothing, unless it lasts. Its standing: evergrant accounts show {grant.account.alias}"
        return warning(CHECK, f"{text}; the server waits until its provider is well again.", what)
    return problem(CHECK, f"{text}, and the server that runs has not done it.", around.restart)


def _failing(grant: KnownGrant, around: Circumstances) -> Finding | None:
    if not grant.attempts:
        return None
    lives = grant.expires_at is None or around.now < grant.expires_at
    level = warning if lives else problem
    return level(
        CHECK,
        f"{_name(grant.account)}: {grant.attempts} attempts to renew it have failed since {_at(grant.issued_at)}; the "
        f"last one: {grant.last_error}. Its access token {'still works' if lives else 'has ended'}.",
        f"It is tried again by itself. If it lasts, look at the provider's status page, and: evergrant accounts show "
        f"{grant.account.alias}",
    )


def _open(grant: KnownGrant, around: Circumstances) -> Finding | None:
    if grant.intent_at is None or around.now - grant.intent_at < LONG_OPEN:
        return None
    return warning(
        CHECK,
        f"{_name(grant.account)}: a renewal was begun at {_at(grant.intent_at)} and its end is not known, so its "
        "refresh token may be spent.",
        f"{'Leave the server running' if around.serving else 'Start the server: evergrant serve'}; it is sent again "
        f"when that does no harm. If the grant dies of it: evergrant reauth {grant.account.alias}",
    )


def _ending(grant: KnownGrant, around: Circumstances) -> Finding | None:
    connector = around.connectors.get(grant.account.connector)
    if connector is None or not grant.renewable:
        return None
    return _at_the_latest(grant, connector, around.now) or _unused(grant, connector, around)


def _at_the_latest(grant: KnownGrant, connector: Connector, now: datetime) -> Finding | None:
    end = refresh_token_end(connector.grant, grant.refresh_expires_at, grant.consented_at)
    if end is None or not ends_soon(end, grant.consented_at, now):
        return None
    text = f"{_name(grant.account)}: its refresh token {_ends(end, now)}, however much it is used."
    return warning(CHECK, text, f"Have its person sign in before: evergrant reauth {grant.account.alias}")


def _unused(grant: KnownGrant, connector: Connector, around: Circumstances) -> Finding | None:
    idle = connector.grant.refresh_token_idle_s
    end = grant.issued_at + timedelta(seconds=idle) if idle else None
    if end is None or not ends_soon(end, grant.issued_at, around.now):
        return None
    text = f"{_name(grant.account)}: its refresh token {_ends(end, around.now)} unless it is used before."
    return warning(CHECK, text, around.restart)


def _ends(end: datetime, now: datetime) -> str:
    return f"{'ended' if end <= now else 'ends'} at {_at(end)}"


def _name(account: ConnectedAccount) -> str:
    return f"{account.alias!r} ({account.connector})"


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
