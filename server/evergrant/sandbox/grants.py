"""Grants and their tokens: issued, refreshed under a rotation policy, and killed."""

import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta

from evergrant.sandbox.behaviour import Behaviour, Rotation
from evergrant.sandbox.count import Count
from evergrant.sandbox.family import AccessToken, Cause, Grant, Issued, RefreshToken
from evergrant.sandbox.refusal import Refusal


class Grants:
    """All grants of a run, in memory and without limit."""

    def __init__(self, count: Count) -> None:
        self._count = count
        self._grants: list[Grant] = []
        self._access_tokens: dict[str, AccessToken] = {}
        self._refresh_tokens: dict[str, RefreshToken] = {}

    def access_token(self, text: str) -> AccessToken | None:
        """The access token with this text, alive or not."""
        return self._access_tokens.get(text)

    def refresh_token(self, text: str) -> RefreshToken | None:
        """The refresh token with this text, good or not."""
        return self._refresh_tokens.get(text)

    def issue(
        self, client_id: str, user: str, scopes: tuple[str, ...], behaviour: Behaviour, now: datetime
    ) -> tuple[Grant, Issued]:
        """A new grant with its first pair of tokens."""
        grant = Grant(client_id, user, scopes, created_at=now, used_at=now)
        self._grants.append(grant)
        for tally in self._count.each(client_id):
            tally.grants_issued += 1
        access = self._new_access_token(grant, scopes, behaviour, now)
        return grant, Issued(access, self._new_refresh_token(grant, None))

    def refresh(
        self, text: str, client_id: str, scopes: tuple[str, ...] | None, behaviour: Behaviour, now: datetime
    ) -> Issued:
        """The next pair for a refresh token, with the grant's scopes or the fewer ones asked for.

        Raises Refusal: invalid_grant for a token that is unknown, another client's, spent, or of a dead grant;
        invalid_scope for a scope that was not granted (RFC 6749 section 6).
        """
        token = self._refresh_tokens.get(text)
        if token is None or token.grant.client_id != client_id:
            raise Refusal("invalid_grant", "The refresh token is not one of this client's.")
        self._refuse_spent(token, behaviour, now)
        self.end_if_over(token.grant, behaviour, now)
        if token.grant.dead is not None:
            raise Refusal("invalid_grant", f"The grant has ended ({token.grant.dead}).")
        if scopes is not None and not set(scopes) <= set(token.grant.scopes):
            raise Refusal("invalid_scope", "A scope goes beyond what was granted.")
        return self._exchange(token, scopes or token.grant.scopes, behaviour, now)

    def _refuse_spent(self, token: RefreshToken, behaviour: Behaviour, now: datetime) -> None:
        if not token.is_spent(behaviour, now):
            return
        for tally in self._count.each(token.grant.client_id):
            tally.spent_presented += 1
        if behaviour.rotation is Rotation.STRICT_FAMILY:
            self.kill(token.grant, "refresh_token_reused")
        raise Refusal("invalid_grant", "The refresh token was used before.")

    def end_if_over(self, grant: Grant, behaviour: Behaviour, now: datetime) -> None:
        """Kill a grant whose refresh tokens have reached the end of their idle or absolute life."""
        idle, absolute = behaviour.refresh_token_idle_s, behaviour.refresh_token_absolute_s
        if idle is not None and now - grant.used_at >= timedelta(seconds=idle):
            self.kill(grant, "idle")
        if absolute is not None and now - grant.created_at >= timedelta(seconds=absolute):
            self.kill(grant, "absolute")

    def _exchange(self, token: RefreshToken, scopes: tuple[str, ...], behaviour: Behaviour, now: datetime) -> Issued:
        for tally in self._count.each(token.grant.client_id):
            tally.refreshes += 1
            tally.spent_resent += token.spent_at is not None
        token.grant.used_at = now
        if token.parent is not None:
            token.parent.superseded = True
        if behaviour.refresh_revokes_access_token:
            for access in token.grant.access_tokens:
                access.revoked = True
            token.grant.access_tokens.clear()
        return Issued(self._new_access_token(token.grant, scopes, behaviour, now), self._rotated(token, behaviour, now))

    def _rotated(self, token: RefreshToken, behaviour: Behaviour, now: datetime) -> RefreshToken:
        if behaviour.rotation is Rotation.NEVER or behaviour.omit_refresh_token:
            return token
        token.spent_at = token.spent_at or now
        if token.successor is None or behaviour.rotation is not Rotation.GRACE_SAME:
            token.successor = self._new_refresh_token(token.grant, token)
        return token.successor

    def _new_access_token(
        self, grant: Grant, scopes: tuple[str, ...], behaviour: Behaviour, now: datetime
    ) -> AccessToken:
        life = behaviour.access_token_ttl
        expires_at = None if life is None else now + timedelta(seconds=life)
        token = AccessToken(f"sbx_at_{secrets.token_urlsafe(24)}", grant, scopes, now, expires_at)
        grant.access_tokens.append(token)
        self._access_tokens[token.text] = token
        return token

    def _new_refresh_token(self, grant: Grant, parent: RefreshToken | None) -> RefreshToken:
        token = RefreshToken(f"sbx_rt_{secrets.token_urlsafe(32)}", grant, parent)
        self._refresh_tokens[token.text] = token
        return token

    def matching(self, client_id: str | None = None, user: str | None = None) -> Iterator[Grant]:
        """The living grants of a client, of a user, of both, or all."""
        for grant in self._grants:
            if grant.dead is None and client_id in {None, grant.client_id} and user in {None, grant.user}:
                yield grant

    def kill(self, grant: Grant, cause: Cause) -> None:
        """End a grant with all its tokens; a dead grant keeps its first cause."""
        if grant.dead is None:
            grant.dead = cause
            for tally in self._count.each(grant.client_id):
                tally.grants_dead += 1
