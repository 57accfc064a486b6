"""An identity provider in the same process: keys, metadata, and tokens as good or as bad as a test wants them."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx2
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from typing_extensions import override

from evergrant.model.json import Json

ISSUER = "https://login.example"
AUDIENCE = "http://localhost:8484/mcp"
METADATA = "/.well-known/oauth-authorization-server"
OPENID = "/.well-known/openid-configuration"
KEYS = "/keys"
Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
Document = dict[str, Json]
REACHES = ("login.example", "keys.example")


def ec_key(curve: ec.EllipticCurve | None = None) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(curve or ec.SECP256R1())


def public(key: Private) -> Document:
    """The key as its JWK, without the private members."""
    shown = key.public_key()
    if isinstance(shown, rsa.RSAPublicKey):
        return RSAAlgorithm.to_jwk(shown, as_dict=True)
    if isinstance(shown, ec.EllipticCurvePublicKey):
        return ECAlgorithm.to_jwk(shown, as_dict=True)
    return OKPAlgorithm.to_jwk(shown, as_dict=True)


@dataclass
class FakeIssuer(httpx2.AsyncBaseTransport):
    """A transport that reaches it; other hosts are reached through `beyond`."""

    now: datetime
    beyond: httpx2.AsyncBaseTransport | None = None
    url: str = ISSUER
    key: ec.EllipticCurvePrivateKey = field(default_factory=ec_key)
    asked: Counter[str] = field(default_factory=Counter[str])
    """How often, by path."""
    down: bool = False
    documents: dict[str, httpx2.Response | Document] = field(default_factory=dict[str, httpx2.Response | Document])

    def __post_init__(self) -> None:
        self.documents[METADATA] = {"issuer": self.url, "jwks_uri": f"{ISSUER}{KEYS}"}
        self.announce(first=self.key)

    def announce(self, **keys: Private) -> None:
        """These and no others are its keys now."""
        self.announce_as([{**public(key), "kid": kid} for kid, key in keys.items()])

    def announce_as(self, keys: Sequence[Json]) -> None:
        self.documents[KEYS] = {"keys": keys}

    def claims(self, **other: object) -> dict[str, object]:
        """Those of a good token, but for what is said otherwise; None leaves one out."""
        good = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "anna",
            "client_id": "agent",
            "scope": "evergrant:tools",
            "iat": int(self.now.timestamp()),
            "exp": int((self.now + timedelta(hours=1)).timestamp()),
        }
        return {name: value for name, value in {**good, **other}.items() if value is not None}

    def token(self, headers: Mapping[str, object] | None = None, /, **claims: object) -> str:
        """A signed token, good but for what is said otherwise."""
        said = {"typ": "at+jwt", "kid": "first", **(headers or {})}
        # Not by `jwt.encode`, which would not sign claims that are wrong.
        return jwt.PyJWS().encode(json.dumps(self.claims(**claims)).encode(), self.key, "ES256", headers=said)

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.host not in REACHES and self.beyond:
            return await self.beyond.handle_async_request(request)
        self.asked[request.url.path] += 1
        if self.down:
            raise httpx2.ConnectError("down")
        document = self.documents.get(request.url.path)
        if isinstance(document, httpx2.Response):
            return document
        return httpx2.Response(200, json=document) if document else httpx2.Response(404)
