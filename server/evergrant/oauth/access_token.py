"""Access tokens of an issuer as signed JWTs (RFC 9068; RFC 7519): whether one is good here, and what it says."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError

from evergrant.model.clock import Clock
from evergrant.model.json import Json, JsonObject, at
from evergrant.oauth.issuer_keys import IssuerKeys
from evergrant.oauth.jwk import ALGORITHMS, VerifyingKey
from evergrant.wire import AnswerTooLarge, check_shape, parse_json

LEEWAY_S = 30.0
"""How far the issuer's clock and ours may be apart."""
LONGEST = 16 << 10
TYPES = ("at+jwt", "application/at+jwt", "jwt", None)
"""RFC 9068 2.1; many issuers say `JWT` or nothing. Other kinds of JWT have types of their own (RFC 8725 3.11)."""


class BadToken(Exception):
    """It is not an access token that is good here; the message says why, and repeats nothing of it."""


class _Claims(BaseModel):
    """What is checked before anything else is believed."""

    model_config = ConfigDict(strict=True, frozen=True, hide_input_in_errors=True)

    iss: str
    aud: str | list[str]
    sub: str
    exp: int | float
    nbf: int | float | None = None
    iat: int | float | None = None


@dataclass(frozen=True, slots=True)
class AccessTokens:
    """The access tokens of one issuer for one audience."""

    issuer: str
    audience: str
    keys: IssuerKeys
    clock: Clock

    async def claims(self, token: str) -> JsonObject:
        """What a good token says; `sub` is a text. Raises BadToken, IssuerUnavailable."""
        algorithm, kid = _header(token)
        candidates = await self.keys.named(algorithm, kid)
        if not candidates:
            raise BadToken("it is signed with a key that its issuer does not have")
        payload = _payload(token, candidates)
        try:
            claims = _Claims.model_validate(payload)
        except ValidationError:
            raise BadToken("iss, aud, sub or exp is missing, or a claim is of a wrong kind") from None
        self._check(claims)
        # A key must be shown with such a token (RFC 7800), which a mere bearer does not do.
        if not isinstance(payload, dict) or "cnf" in payload:
            raise BadToken("it is bound to a key of its client, and was sent without a proof")
        return payload

    def _check(self, claims: _Claims) -> None:
        if claims.iss != self.issuer:
            raise BadToken("it is of another issuer")
        if self.audience not in ([claims.aud] if isinstance(claims.aud, str) else claims.aud):
            raise BadToken("it is for another audience")
        now = self.clock.now().timestamp()
        if claims.exp <= now - LEEWAY_S:
            raise BadToken("it has ended")
        if any(begin is not None and begin > now + LEEWAY_S for begin in (claims.nbf, claims.iat)):
            raise BadToken("it is good from a later time on")


def _header(token: str) -> tuple[str, str | None]:
    """The algorithm and the id of the key, of a header that says nothing which we do not understand."""
    encoded, *rest = token.split(".")
    if len(token) > LONGEST or len(rest) != 2:
        raise BadToken("it is not a signed JWT")
    header = _json(_decoded(encoded))
    algorithm, kid, kind = at(header, "/alg"), at(header, "/kid"), at(header, "/typ")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise BadToken("it is not signed with a public key by an algorithm that is taken")
    if (kind.lower() if isinstance(kind, str) else kind) not in TYPES:
        raise BadToken("it is a JWT of another kind")
    if at(header, "/crit") is not None or not isinstance(kid, str | None):
        raise BadToken("its header asks for what is not understood")
    return algorithm, kid


def _payload(token: str, candidates: Sequence[VerifyingKey]) -> Json:
    from jwt import PyJWS, PyJWTError  # noqa: PLC0415  (only a server with an issuer needs it)

    for candidate in candidates:
        try:
            signed: object = PyJWS().decode(token, candidate.key, [candidate.algorithm])
        except (PyJWTError, ValueError):
            continue
        if isinstance(signed, bytes):
            return _json(signed)
    raise BadToken("its signature is wrong")


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise BadToken("it is not a signed JWT") from None


def _json(content: bytes) -> Json:
    try:
        check_shape(content)
    except AnswerTooLarge:
        raise BadToken("it is nested too deep, or holds too much") from None
    is_json, value = parse_json(content)
    if not is_json or not isinstance(value, dict):
        raise BadToken("it is not a signed JWT")
    return value
