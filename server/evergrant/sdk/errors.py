"""What a call came to that is not a result: one exception for each code that the server has."""

from typing import ClassVar

from evergrant.model.json import JsonObject, at, text_at


class EvergrantError(Exception):
    """Base of them all, and the class of a code that this client does not know yet.

    `code` is stable and for programs; `what_happened` and `what_to_do` are for a person or a model. `retryable` says
    that the same call may be made again with no harm if the first one was carried out. `said` is all that was said.
    """

    CODE: ClassVar[str] = "failed"

    def __init__(self, said: JsonObject) -> None:
        super().__init__(said)
        self.said = said
        self.code = text_at(said, "/code") or self.CODE
        self.retryable = at(said, "/retryable") is True
        self.what_happened = text_at(said, "/what_happened") or ""
        self.what_to_do = text_at(said, "/what_to_do") or ""
        self.account = text_at(said, "/account")
        self.connector = text_at(said, "/connector")
        self.provider_code = text_at(said, "/provider_code")
        self.provider_message = text_at(said, "/provider_message")

    def __str__(self) -> str:
        return f"{self.code}: {self.what_happened} {self.what_to_do}".rstrip()


class _OfKept(EvergrantError):
    @property
    def call_id(self) -> str | None:
        """Names the kept call; None for a call that was not kept."""
        return text_at(self.said, "/call_id")


class PersonNeeded(_OfKept):
    """Only a person can help, at `url`: base of `ReauthRequired` and `ConfirmationRequired`. Nothing was carried out;
    `Evergrant.resume_call` goes on with the kept call when they have."""

    @property
    def url(self) -> str | None:
        """The page that the person opens; None where it is the operator who helps."""
        return None

    @property
    def confirmation_code(self) -> str | None:
        """What that page asks for, so that nobody else can answer it; show it to the person who is asked."""
        return text_at(self.said, "/confirmation_code")


class _Waits(EvergrantError):
    @property
    def retry_after_s(self) -> float | None:
        """Seconds to wait, where the provider says how many."""
        seconds = at(self.said, "/retry_after_s")
        return float(seconds) if isinstance(seconds, int | float) else None


class TokenExpired(EvergrantError):
    """The access token was refused, and so was a newer one."""

    CODE = "token_expired"


class ReauthRequired(PersonNeeded):
    """The grant is dead: only its person can help, at `reauth_url`. The call is kept: see `Evergrant.resume_call`."""

    CODE = "reauth_required"

    @property
    def cause(self) -> str | None:
        """Why the grant is dead, such as `revoked`."""
        return text_at(self.said, "/cause")

    @property
    def reauth_url(self) -> str | None:
        """The page where the person signs in again."""
        return text_at(self.said, "/reauth_url")

    @property
    def url(self) -> str | None:
        return self.reauth_url


class ConfirmationRequired(PersonNeeded):
    """A person must approve the call first, at `approval_url`; nothing was sent. It is kept: see
    `Evergrant.resume_call`, which makes it once, as it was given, when it is approved."""

    CODE = "confirmation_required"

    @property
    def approval_url(self) -> str | None:
        """The page that shows the call to the person and takes the answer."""
        return text_at(self.said, "/approval_url")

    @property
    def url(self) -> str | None:
        return self.approval_url


class InsufficientScope(EvergrantError):
    """The grant lives but was not given the right to do this; at `step_up_url` its person can give it."""

    CODE = "insufficient_scope"

    @property
    def missing(self) -> tuple[str, ...]:
        """The scopes that are lacking, as far as they are known."""
        found = at(self.said, "/missing")
        return tuple(map(str, found)) if isinstance(found, list | tuple) else ()

    @property
    def step_up_url(self) -> str | None:
        return text_at(self.said, "/step_up_url")

    @property
    def confirmation_code(self) -> str | None:
        """What the page at `step_up_url` asks for."""
        return text_at(self.said, "/confirmation_code")


class PermissionDenied(EvergrantError):
    """The grant has the scope, and the provider still refuses this object or action."""

    CODE = "permission_denied"


class RateLimited(_Waits):
    """Too many calls."""

    CODE = "rate_limited"


class InvalidInput(EvergrantError):
    """The input does not fit the tool's schema."""

    CODE = "invalid_input"

    @property
    def pointer(self) -> str | None:
        """The place in the input (RFC 6901)."""
        return text_at(self.said, "/pointer")


class NotFound(EvergrantError):
    """There is no such account, tool or call, or it is not yours; the two look alike."""

    CODE = "not_found"


class NotAllowed(EvergrantError):
    """The key of this client is not for this tool."""

    CODE = "not_allowed"


class AccountPaused(EvergrantError):
    """The account's operator lets no call through for now; nothing was sent."""

    CODE = "account_paused"


class ConnectionFault(EvergrantError):
    """The OAuth client itself is wrong: an operator's matter, for all its accounts."""

    CODE = "connection_fault"


class VaultUnavailable(EvergrantError):
    """The vault's own database cannot be read or written now."""

    CODE = "vault_unavailable"


class ProviderError(EvergrantError):
    """The provider understood the call and refused it."""

    CODE = "provider_error"

    @property
    def provider_status(self) -> int | None:
        """The HTTP status of the provider's answer."""
        status = at(self.said, "/provider_status")
        return status if isinstance(status, int) else None


class ProviderUnavailable(_Waits):
    """The provider did not answer, or answered that it cannot now."""

    CODE = "provider_unavailable"


class OutcomeUnknown(_OfKept):
    """The call was sent and nobody knows whether it was carried out: look before you make it again."""

    CODE = "outcome_unknown"


class StillRunning(_OfKept):
    """The kept call is being made at this moment: resume it again."""

    CODE = "still_running"


class CallCancelled(_OfKept):
    """The kept call was cancelled before it was made: nothing was carried out."""

    CODE = "call_cancelled"


class CallExpired(_OfKept):
    """The kept call waited too long and was given up: nothing was carried out."""

    CODE = "call_expired"


class Unauthorized(EvergrantError):
    """The server does not take this token, or there is none."""

    CODE = "unauthorized"


class ServerUnreachable(EvergrantError):
    """The server could not be reached: nothing was sent."""

    CODE = "server_unreachable"


def _all(base: type[EvergrantError]) -> list[type[EvergrantError]]:
    return [each for child in base.__subclasses__() for each in (child, *_all(child))]


_BY_CODE = {each.CODE: each for each in _all(EvergrantError) if "CODE" in vars(each)}


def error_of(said: JsonObject) -> EvergrantError:
    """The exception for what was said: a failure's fields, with its `code`."""
    return _BY_CODE.get(text_at(said, "/code") or "", EvergrantError)(said)
