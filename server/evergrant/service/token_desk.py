"""Who bears an access token of the operator's identity provider, and what the token's scopes let him do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evergrant.model.json import Json, JsonObject
from evergrant.model.policy import Policy
from evergrant.model.principal import LOCAL, Principal
from evergrant.model.tenant import TENANT_ID
from evergrant.oauth.access_token import AccessTokens

READ, TOOLS, OPERATE = "evergrant:read", "evergrant:tools", "evergrant:operate"
SCOPES = (READ, TOOLS, OPERATE)
"""For the tools that only read; for every tool; for what an operator sees to as well."""
LONGEST_SUBJECT = 255
"""OpenID Connect Core 2."""
OF_KEYS = "key_"
"""How the ids of API keys begin."""


class NoStanding(Exception):
    """The token is good, and its bearer is nobody here; the message says why."""


class InsufficientScope(NoStanding):
    """The token has none of our scopes."""


@dataclass(frozen=True, slots=True)
class TokenDesk:
    """Access tokens as principals."""

    tokens: AccessTokens
    own_tenant: str
    """The tenant of the person who runs this server."""
    tenant_claim: str | None
    """The claim that names the tenant, which is then never `own_tenant`; None: everybody is of `own_tenant`."""
    policy: Policy
    """Of bearers whose scopes let them do more than read."""
    serves: Callable[[str], bool]
    """Whether there is a tenant of an id. An issuer names tenants and makes none: that is the vault's operator's."""

    async def bearer(self, token: str) -> Principal:
        """Who bears a token; raises BadToken, NoStanding, IssuerUnavailable, StoreUnavailable."""
        claims = await self.tokens.claims(token)
        scopes = scopes_of(claims)
        if scopes.isdisjoint(SCOPES):
            raise InsufficientScope(f"The token has none of the scopes {', '.join(SCOPES)}.")
        reads = scopes.isdisjoint({TOOLS, OPERATE})
        return Principal(
            self._tenant(claims),
            _subject(claims),
            policy="read_only" if reads else self.policy,
            operator=OPERATE in scopes,
            # Where nobody may do more than read, no scope would help.
            wants_scope=reads and self.policy != "read_only",
        )

    def _tenant(self, claims: JsonObject) -> str:
        if self.tenant_claim is None:
            return self.own_tenant
        named = claims.get(self.tenant_claim)
        if not isinstance(named, str) or not TENANT_ID.fullmatch(named):
            raise NoStanding("The token does not name a tenant in the claim that this server reads it from.")
        if named == self.own_tenant:
            raise NoStanding("The token names the tenant of this server's operator, which no token may.")
        if not self.serves(named):
            raise NoStanding("The token names a tenant that this server does not have.")
        return named


def scopes_of(claims: JsonObject) -> frozenset[str]:
    """The scopes granted: `scope` (RFC 9068 2.2.3), or `scp` where the issuer calls it so, as words or as a list."""
    return frozenset(word for name in ("scope", "scp") for word in _words(claims.get(name)))


def _words(value: Json) -> Sequence[str]:
    if isinstance(value, str):
        return value.split(" ")
    return [each for each in value if isinstance(each, str)] if isinstance(value, Sequence) else []


def _subject(claims: JsonObject) -> str:
    """What the bearer is called in the log and in held calls; never what somebody of another kind is called."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT or not subject.isprintable():
        raise NoStanding("The token's subject is not a name of 1 to 255 characters.")
    if subject == LOCAL or subject.startswith(OF_KEYS):
        raise NoStanding("The token's subject is a name that this server keeps for others.")
    return subject
