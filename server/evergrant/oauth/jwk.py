"""The public keys that an issuer signs access tokens with (RFC 7517)."""

# Imported where it is used: only a server with an issuer needs it.
# ruff: noqa: PLC0415

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evergrant.model.json import Json, JsonObject

if TYPE_CHECKING:
    from jwt import PyJWK

RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
ALGORITHMS: Mapping[str, tuple[str, str | None]] = {
    **dict.fromkeys(RSA, ("RSA", None)),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"),
}
"""Those that are taken, with the kind of key and the curve of each. None where whoever can verify could also sign."""
MEMBERS = {"RSA": ("n", "e"), "EC": ("x", "y"), "OKP": ("x",)}
"""The public members; a key that was announced with its private ones is used without them."""
MOST_KEYS = 100
SMALLEST_RSA = 2048
"""RFC 7518 3.3."""


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A key for one algorithm."""

    kid: str | None
    algorithm: str
    key: "PyJWK"


def read_keys(document: Json) -> tuple[VerifyingKey, ...] | None:
    """The keys of a JWK set that can be used here, which may be none; None for what is no JWK set."""
    keys = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(keys, Sequence) or isinstance(keys, str):
        return None
    return tuple(key for each in keys[:MOST_KEYS] if isinstance(each, Mapping) for key in _usable(each))


def _usable(jwk: JsonObject) -> Iterator[VerifyingKey]:
    operations = jwk.get("key_ops")
    if jwk.get("use", "sig") != "sig" or (isinstance(operations, Sequence) and "verify" not in operations):
        return
    kid = jwk.get("kid")
    for name, (kind, curve) in ALGORITHMS.items():
        fits = jwk.get("kty") == kind and (curve is None or jwk.get("crv") == curve) and jwk.get("alg", name) == name
        if fits and (key := _key(jwk, name, kind)):
            yield VerifyingKey(kid if isinstance(kid, str) else None, name, key)


def _key(jwk: JsonObject, algorithm: str, kind: str) -> "PyJWK | None":
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from jwt import PyJWK, PyJWTError

    public = {name: value for name in ("kty", "crv", *MEMBERS[kind]) if isinstance(value := jwk.get(name), str)}
    try:
        key = PyJWK(public, algorithm)
    except (PyJWTError, ValueError):
        return None
    weak = isinstance(key.key, RSAPublicKey) and key.key.key_size < SMALLEST_RSA
    return None if weak else key
