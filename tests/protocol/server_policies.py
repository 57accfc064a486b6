"""What an authorization server does with the refresh tokens of one grant (RFC 6749 6, RFC 9700 4.14.2).

Tokens are numbered in the order of their issue. A set of tokens is a bit mask, so that a state hashes fast.
"""

from enum import StrEnum
from typing import Final, NamedTuple

REFUSED: Final = -1
"""The answer `invalid_grant`; every other answer is the token it hands out."""
NO_TOKEN: Final = -1


class Policy(StrEnum):
    """What becomes of a refresh token that was presented."""

    NEVER = "never"
    """It stays; every answer repeats it."""
    UNTIL_USED = "until_used"
    """It stays until a token that was issued after it is presented."""
    GRACE_SAME = "grace_same"
    """Within the grace it yields the same successor again; after it, it ends the grant."""
    GRACE_NEW = "grace_new"
    """Within the grace it yields another successor, and all are good; after it, it ends the grant."""
    GRACE_NEWEST = "grace_newest"
    """Within the grace it yields another successor, and only the newest one is good; after it, it ends the grant."""
    STRICT = "strict"
    """It is spent, and a second use is refused."""
    STRICT_FAMILY = "strict_family"
    """It is spent, and a second use ends the grant."""


SIX: Final = tuple(policy for policy in Policy if policy is not Policy.GRACE_NEWEST)
"""The policies that providers document; the seventh is the harshest reading of a grace that yields new tokens."""
ROTATING: Final = frozenset(policy for policy in Policy if policy is not Policy.NEVER)
WITH_GRACE: Final = frozenset({Policy.GRACE_SAME, Policy.GRACE_NEW, Policy.GRACE_NEWEST})
_REUSE_ENDS_GRANT: Final = WITH_GRACE | {Policy.STRICT_FAMILY}


class Server(NamedTuple):
    """What the server knows of one grant."""

    good: int
    """Tokens that may be exchanged, as a bit mask."""
    spent: int
    """Tokens whose use is detected as a second one, as a bit mask."""
    in_grace: int
    """The one spent token that may be presented again, or NO_TOKEN."""
    successor: int
    """What it was last exchanged for."""
    issued: int
    """How many tokens there have been."""
    ended: bool
    """Whether a second use has ended the grant."""

    def takes(self, token: int) -> bool:
        """Whether an exchange of `token` would succeed now."""
        return token >= 0 and not self.ended and (token == self.in_grace or bool(self.good >> token & 1))


CONSENTED: Final = Server(good=1, spent=0, in_grace=NO_TOKEN, successor=NO_TOKEN, issued=1, ended=False)
"""The grant as the first consent makes it: token 0."""


def present(policy: Policy, server: Server, token: int) -> tuple[Server, int]:
    """The server after it was presented `token`, and its answer."""
    if server.ended:
        return server, REFUSED
    if server.good >> token & 1:
        return _exchange(policy, server, token)
    if token == server.in_grace:
        return _repeat(policy, server)
    if server.spent >> token & 1 and policy in _REUSE_ENDS_GRANT:
        return server._replace(good=0, in_grace=NO_TOKEN, successor=NO_TOKEN, ended=True), REFUSED
    return server, REFUSED


def _exchange(policy: Policy, server: Server, token: int) -> tuple[Server, int]:
    new = server.issued
    if policy is Policy.NEVER:
        return server, token
    if policy is Policy.UNTIL_USED:
        not_older = server.good >> token << token
        return server._replace(good=not_older | 1 << new, issued=new + 1), new
    graced = policy in WITH_GRACE
    after = Server(
        good=server.good & ~(1 << token) | 1 << new,
        spent=server.spent | 1 << token,
        in_grace=token if graced else NO_TOKEN,
        successor=new if graced else NO_TOKEN,
        issued=new + 1,
        ended=False,
    )
    return after, new


def _repeat(policy: Policy, server: Server) -> tuple[Server, int]:
    if policy is Policy.GRACE_SAME:
        return server, server.successor
    new = server.issued
    kept = server.good & ~(1 << server.successor) if policy is Policy.GRACE_NEWEST else server.good
    return server._replace(good=kept | 1 << new, successor=new, issued=new + 1), new


def grace_ended(server: Server) -> Server:
    """The server after the grace of its last exchange."""
    return server._replace(in_grace=NO_TOKEN, successor=NO_TOKEN)


def consented_again(server: Server) -> tuple[Server, int]:
    """The server after a new consent, which ends the former grant; and the new grant's first token."""
    new = server.issued
    return CONSENTED._replace(good=1 << new, issued=new + 1), new
