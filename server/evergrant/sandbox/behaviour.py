"""How one practice service treats its tokens: the settings of a run, replaceable while it runs."""

from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class Rotation(StrEnum):
    """What becomes of a refresh token that was presented (RFC 6749 section 6, RFC 9700 section 4.14)."""

    NEVER = "never"
    """It stays good; every answer repeats it."""
    UNTIL_USED = "until_used"
    """It stays good until one of its successors is presented."""
    GRACE_SAME = "grace_same"
    """Within `grace_s` it yields the same successor, as long as that successor was not presented."""
    GRACE_NEW = "grace_new"
    """Within `grace_s` it yields a fresh successor, as long as no earlier successor was presented."""
    STRICT = "strict"
    """It is spent: a second time is answered invalid_grant, and nothing else happens."""
    STRICT_FAMILY = "strict_family"
    """It is spent: a second time is answered invalid_grant and kills the grant with its access tokens."""


class ExpiresIn(StrEnum):
    """How a token answer states the life of the access token; the life itself is `access_token_ttl`."""

    NUMBER = "number"
    STRING = "string"
    ABSENT = "absent"
    EXPIRES_AT_ISO = "expires_at_iso"
    """`expires_at` as an ISO 8601 time in UTC, and no `expires_in`."""
    ZERO = "zero"


class Behaviour(BaseModel):
    """Token lives and rotation of one client. All lengths are seconds; None means no end."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)

    access_token_ttl: int | None = Field(default=3600, gt=0)
    expires_in: ExpiresIn = ExpiresIn.NUMBER
    rotation: Rotation = Rotation.STRICT
    grace_s: float = Field(default=30, ge=0)
    refresh_revokes_access_token: bool = False
    omit_refresh_token: bool = False
    """The answer to a refresh names no refresh token, and the one presented stays good (RFC 6749 section 6)."""
    refresh_token_idle_s: float | None = Field(default=None, gt=0)
    refresh_token_absolute_s: float | None = Field(default=None, gt=0)


@dataclass(frozen=True)
class Client:
    """A registered client (RFC 6749 section 2). A `secret` of None makes it a public one."""

    secret: str | None = field(repr=False)
    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...] = ("crm.read", "crm.write")
    behaviour: Behaviour = field(default_factory=Behaviour)
