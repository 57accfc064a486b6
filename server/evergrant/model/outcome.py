"""What a call came to: a result, or one of a few failures that each say what happened and what to do. Never `{}`."""

from dataclasses import asdict, dataclass, field
from typing import ClassVar

from evergrant.model.json import Json, JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The provider did it; `note` says so in words where `content` is empty."""

    account: str
    label: str
    content: Json
    empty: bool = False
    note: str | None = None
    tool_name: str | None = field(default=None, compare=False)
    """The tool that was called, where that is known: it says of what form `content` is."""

    def as_json(self) -> JsonObject:
        note: JsonObject = {"note": self.note} if self.note else {}
        return {"account": self.account, "as": self.label, "data": self.content, **note}


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Base of all failures; `code` is stable, the texts are for a person or a model to read."""

    code: ClassVar[str] = "failed"

    retryable: bool = False
    """Whether the same call may simply be made again, with no harm if the first one was carried out."""
    account: str | None = None
    connector: str | None = None
    """Of the account, where its person is asked for something."""
    what_happened: str
    what_to_do: str
    provider_code: str | None = None
    provider_message: str | None = None

    def as_json(self) -> JsonObject:
        """All fields that are set, with `code` and `retryable`."""
        given = {name: value for name, value in asdict(self).items() if value is not None}
        return {"code": self.code, **given}

    def as_text(self) -> str:
        """Everything in one text, for clients that show a model nothing else."""
        return f"{self.code}: {self.what_happened} {self.what_to_do}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenExpired(Failure):
    """The access token was refused, and so was a newer one."""

    code: ClassVar[str] = "token_expired"
    retryable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ReauthRequired(Failure):
    """The grant is dead: only the person can help."""

    code: ClassVar[str] = "reauth_required"
    cause: str | None = None
    reauth_url: str | None = None
    confirmation_code: str | None = None
    """What the page at `reauth_url` asks for, so that only who was asked can finish."""
    call_id: str | None = None
    """Of the call that is kept and goes on after the reconnect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmationRequired(Failure):
    """The call was checked, not sent, and is kept: it runs once, as it is, when a person has approved it."""

    code: ClassVar[str] = "confirmation_required"
    tool_name: str | None = None
    effect: str | None = None
    approval_url: str | None = None
    confirmation_code: str | None = None
    """What the page at `approval_url` asks for."""
    call_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InsufficientScope(Failure):
    """The grant lives but was not given the right to do this."""

    code: ClassVar[str] = "insufficient_scope"
    missing: tuple[str, ...] = ()
    step_up_url: str | None = None
    """Where the person adds what is missing to what was granted."""
    confirmation_code: str | None = None
    """What the page of the link asks the person for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionDenied(Failure):
    """The grant has the scope, and the provider still refuses this object or action."""

    code: ClassVar[str] = "permission_denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimited(Failure):
    """Too many calls: wait `retry_after_s` seconds where it is known."""

    code: ClassVar[str] = "rate_limited"
    retryable: bool = True
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidInput(Failure):
    """The input does not fit the tool's schema; `pointer` names the place."""

    code: ClassVar[str] = "invalid_input"
    pointer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotFound(Failure):
    """There is no such account, tool or connector, or it is not yours; the two look alike."""

    code: ClassVar[str] = "not_found"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAllowed(Failure):
    """The caller's key is not for this tool."""

    code: ClassVar[str] = "not_allowed"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPaused(Failure):
    """The account's operator lets no call through for now; its grant is well."""

    code: ClassVar[str] = "account_paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionFault(Failure):
    """The OAuth client itself is wrong: an operator's matter, for all its accounts."""

    code: ClassVar[str] = "connection_fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultUnavailable(Failure):
    """The vault's own database cannot be read or written now; nothing is lost by waiting."""

    code: ClassVar[str] = "vault_unavailable"
    retryable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderError(Failure):
    """The provider understood the call and refused it."""

    code: ClassVar[str] = "provider_error"
    status: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderUnavailable(Failure):
    """The provider did not answer, or answered that it cannot now."""

    code: ClassVar[str] = "provider_unavailable"
    retryable: bool = True
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeUnknown(Failure):
    """The process that ran a kept write died at it: it may have been carried out, and it is not run again."""

    code: ClassVar[str] = "outcome_unknown"
    call_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StillRunning(Failure):
    """Another process runs this kept call and has not come to its end."""

    code: ClassVar[str] = "still_running"
    retryable: bool = True
    call_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCancelled(Failure):
    """The kept call was cancelled before it ran: nothing was carried out."""

    code: ClassVar[str] = "call_cancelled"
    call_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallExpired(Failure):
    """The kept call waited for its person too long and was given up: nothing was carried out."""

    code: ClassVar[str] = "call_expired"
    call_id: str | None = None


FAILURES: tuple[type[Failure], ...] = (
    TokenExpired,
    ReauthRequired,
    ConfirmationRequired,
    InsufficientScope,
    PermissionDenied,
    RateLimited,
    InvalidInput,
    NotFound,
    NotAllowed,
    AccountPaused,
    ConnectionFault,
    VaultUnavailable,
    ProviderError,
    ProviderUnavailable,
    OutcomeUnknown,
    StillRunning,
    CallCancelled,
    CallExpired,
)
"""Every kind of failure."""

Outcome = Result | Failure


class Refused(Exception):
    """Carries a failure up to where an outcome is given back."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.code)
        self.failure = failure
