"""A grant and the tokens that descend from it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from evergrant.sandbox.behaviour import Behaviour, Rotation

Cause: TypeAlias = Literal["revoked", "code_reused", "refresh_token_reused", "idle", "absolute"]


@dataclass(eq=False)
class Grant:
    """One user's consent to one client. It is dead once `dead` names a cause."""

    client_id: str
    user: str
    scopes: tuple[str, ...]
    created_at: datetime
    used_at: datetime
    access_tokens: list["AccessToken"] = field(default_factory=list["AccessToken"])
    dead: Cause | None = None


@dataclass(eq=False)
class AccessToken:
    text: str = field(repr=False)
    grant: Grant
    scopes: tuple[str, ...]
    issued_at: datetime
    expires_at: datetime | None
    revoked: bool = False

    def is_revoked(self) -> bool:
        return self.revoked or self.grant.dead is not None

    def is_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and now >= self.expires_at


@dataclass(eq=False)
class RefreshToken:
    """A link of a family: who it came from, when it was first exchanged, and whether a successor was presented."""

    text: str = field(repr=False)
    grant: Grant
    parent: "RefreshToken | None"
    spent_at: datetime | None = None
    successor: "RefreshToken | None" = None
    superseded: bool = False

    def is_spent(self, behaviour: Behaviour, now: datetime) -> bool:
        """Whether the rotation policy refuses it."""
        match behaviour.rotation:
            case Rotation.NEVER:
                return False
            case Rotation.UNTIL_USED:
                return self.superseded
            case Rotation.GRACE_SAME | Rotation.GRACE_NEW:
                return self.superseded or self._is_past(behaviour.grace_s, now)
            case Rotation.STRICT | Rotation.STRICT_FAMILY:
                return self.spent_at is not None

    def _is_past(self, grace_s: float, now: datetime) -> bool:
        return self.spent_at is not None and now - self.spent_at >= timedelta(seconds=grace_s)


@dataclass(frozen=True)
class Issued:
    """What one token answer hands out."""

    access: AccessToken
    refresh: RefreshToken
