"""Why no usable token can be had, in words."""

from collections.abc import Callable
from datetime import datetime

from evergrant.model.account import AccountKey, ConnectedAccount
from evergrant.model.link import Link
from evergrant.model.outcome import (
    AccountPaused,
    ConnectionFault,
    InsufficientScope,
    NotFound,
    ProviderUnavailable,
    ReauthRequired,
    Refused,
)

ReauthUrl = Callable[[AccountKey], Link]
"""The link at which the account's person renews its grant; its code is shown by clients and never in an event."""


def unknown_account() -> Refused:
    """The same words for an account that does not exist and for one of another tenant."""
    return Refused(
        NotFound(
            what_happened="There is no such connected account here.",
            what_to_do="Call list_accounts (or run: evergrant accounts list) for the ids and aliases there are.",
        )
    )


def reauth_required(account: ConnectedAccount, reauth_url: ReauthUrl) -> Refused:
    """Only the person can help."""
    link = reauth_url(account.key)
    return Refused(
        ReauthRequired(
            account=account.id,
            connector=account.connector,
            cause=account.cause,
            reauth_url=link.url,
            confirmation_code=link.code,
            what_happened=f"The {account.connector} grant of {account.label} ({account.alias}) is no longer valid.",
            what_to_do=f"Ask {account.label} to reconnect at {link.where}. Do not guess the data meanwhile.",
        )
    )


def paused(account: ConnectedAccount) -> Refused:
    """The operator's word, which no consent and no agent undoes."""
    return Refused(
        AccountPaused(
            account=account.id,
            what_happened=f"{account.alias} ({account.connector}, {account.label}) is paused. Nothing was sent.",
            what_to_do="Only its operator can resume it (evergrant accounts resume). Do not guess its data meanwhile.",
        )
    )


def not_granted(account: ConnectedAccount, credential: str, missing: tuple[str, ...]) -> Refused:
    """The consent brought no tokens of that kind: the person may still give them."""
    return Refused(
        InsufficientScope(
            account=account.id,
            missing=missing,
            what_happened=f"{account.label} has not granted {account.connector} access for the {credential}.",
            what_to_do=f"Ask {account.label} to allow it.",
        )
    )


def why_unavailable(error: str | None) -> str:
    """The last failure's code in words."""
    words = {None: "it was not asked yet", "no_answer": "it gave no answer", "not_sent": "it could not be reached"}
    return words.get(error, f"it answered {error}")


def unavailable(account: ConnectedAccount, why: str, retry_at: datetime | None, now: datetime) -> Refused:
    """The provider gave no verdict: wait."""
    wait = max((retry_at - now).total_seconds(), 1.0) if retry_at else 60.0
    return Refused(
        ProviderUnavailable(
            account=account.id,
            what_happened=f"{account.connector} could not renew the access token of {account.label} just now ({why}).",
            what_to_do=f"Call again in {wait:.0f} s. The grant itself is not in question.",
            retry_after_s=wait,
        )
    )


def connection_fault(account: ConnectedAccount, code: str) -> Refused:
    """The operator's OAuth client is refused; the account is well."""
    return Refused(
        ConnectionFault(
            account=account.id,
            provider_code=code,
            what_happened=f"{account.connector} refuses this server's OAuth client ({code}), not the account.",
            what_to_do=f"The operator corrects it: evergrant connections add {account.connector} --client-id ...",
        )
    )
