"""A provider's refusal put into words: what happened, and what to do next."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypedDict

from evergrant.catalog.connector import Connector
from evergrant.catalog.errors import ErrorClass
from evergrant.catalog.tool import Tool
from evergrant.model.account import ConnectedAccount
from evergrant.model.outcome import (
    ConnectionFault,
    Failure,
    InsufficientScope,
    PermissionDenied,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    ReauthRequired,
    TokenExpired,
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A failed answer before it is put into words; code and message are fit to be shown."""

    class_: ErrorClass | None
    status: int
    code: str | None
    message: str | None
    retry_after_s: float | None
    scope_missing: bool


class _Common(TypedDict):
    account: str
    provider_code: str | None
    provider_message: str | None


@dataclass(frozen=True, slots=True)
class _Case:
    connector: Connector
    tool: Tool
    account: ConnectedAccount
    refusal: Refusal

    @property
    def answered(self) -> str:
        code = f" ({self.refusal.code})" if self.refusal.code else ""
        said = f" It says: {self.refusal.message!r}." if self.refusal.message else ""
        return f"{self.connector.name} answered {self.refusal.status}{code}.{said}"

    @property
    def common(self) -> _Common:
        return {
            "account": self.account.id,
            "provider_code": self.refusal.code,
            "provider_message": self.refusal.message,
        }


def failure(connector: Connector, tool: Tool, account: ConnectedAccount, refusal: Refusal) -> Failure:
    """The outcome for the class that the connector's error table gave; no class is the provider's own refusal."""
    by_class: Mapping[ErrorClass | None, Callable[[_Case], Failure]] = {
        "refresh": _token_expired,
        "terminal": _reauth_required,
        "permission": _not_permitted,
        "ratelimit": _rate_limited,
        "transient": _unavailable,
        "config": _connection_fault,
        None: _provider_error,
    }
    return by_class[refusal.class_](_Case(connector, tool, account, refusal))


def is_repeatable(tool: Tool) -> bool:
    """Whether a call that may have been carried out may be made again without looking."""
    return tool.effect == "read" or tool.idempotent


def half_done(tool: Tool, outcome: Failure) -> Failure:
    """What the rest of a call came to. Made again, it would change once more what a step has changed: so it is neither
    said to be made again, now or when its person has allowed more, nor kept for when its person has reconnected."""
    if is_repeatable(tool) or not (outcome.retryable or isinstance(outcome, ReauthRequired | InsufficientScope)):
        return outcome
    return ProviderUnavailable(
        retryable=False,
        account=outcome.account,
        connector=outcome.connector,
        what_happened=f"{outcome.what_happened} A first part of the call had been carried out.",
        what_to_do=again_later(harmless=False),
        provider_code=outcome.provider_code,
        provider_message=outcome.provider_message,
        retry_after_s=outcome.retry_after_s if isinstance(outcome, RateLimited | ProviderUnavailable) else None,
    )


def again_later(*, harmless: bool) -> str:
    """What to do after a failure that may have let a write through; `harmless` where that does not matter."""
    if harmless:
        return "Call again in a minute."
    return "It may have been carried out: look before you call again."


def _token_expired(case: _Case) -> Failure:
    return TokenExpired(
        what_happened=f"{case.answered} The access token was refused.",
        what_to_do="Call again; the grant is renewed first.",
        **case.common,
    )


def _reauth_required(case: _Case) -> Failure:
    return ReauthRequired(
        what_happened=f"{case.answered} The grant of {case.account.label} is no longer valid.",
        what_to_do=f"Ask {case.account.label} to reconnect: evergrant reauth {case.account.alias}",
        **case.common,
    )


def _not_permitted(case: _Case) -> Failure:
    missing = case.connector.oauth.lacking(case.tool.scopes, case.account.scopes_granted)
    if not missing and not case.refusal.scope_missing:
        return PermissionDenied(
            what_happened=f"{case.answered} {case.account.label} may not do this.",
            what_to_do="Use another object or account, or have an administrator allow it. Do not retry.",
            **case.common,
        )
    return InsufficientScope(
        what_happened=f"{case.answered} The grant lacks a scope: {', '.join(missing) or 'which one is not said'}.",
        what_to_do=f"Ask {case.account.label} to allow it.",
        missing=missing,
        **case.common,
    )


def _rate_limited(case: _Case) -> Failure:
    seconds = case.refusal.retry_after_s
    return RateLimited(
        what_happened=f"{case.answered} Too many calls.",
        what_to_do=f"Wait {seconds:g} s, then call again." if seconds else "Wait a minute, then call again.",
        retry_after_s=seconds,
        **case.common,
    )


def _unavailable(case: _Case) -> Failure:
    return ProviderUnavailable(
        what_happened=f"{case.answered} It cannot serve this now.",
        what_to_do=again_later(harmless=is_repeatable(case.tool)),
        retryable=is_repeatable(case.tool),
        retry_after_s=case.refusal.retry_after_s,
        **case.common,
    )


def _connection_fault(case: _Case) -> Failure:
    return ConnectionFault(
        what_happened=f"{case.answered} The OAuth client or its project is not set up for this.",
        what_to_do=f"An operator must correct the {case.connector.name} connection; the account needs nothing.",
        **case.common,
    )


def _provider_error(case: _Case) -> Failure:
    return ProviderError(
        what_happened=case.answered,
        what_to_do="Correct the input as the provider says; the same call again will not help.",
        status=case.refusal.status,
        **case.common,
    )
