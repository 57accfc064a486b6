"""Access tokens: what makes one good, and every way in which one that is not may look like it."""

import base64
import hmac
import json
from contextlib import suppress

import jwt
import pytest
import structlog
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.clock import ManualClock
from tests.fakes.issuer import AUDIENCE, ISSUER, KEYS, FakeIssuer, Private, ec_key, public
from tests.fakes.practice import START

from evergrant.oauth.access_token import LEEWAY_S, AccessTokens, BadToken
from evergrant.oauth.issuer import Issuer, IssuerUnavailable
from evergrant.oauth.issuer_keys import IssuerKeys
from evergrant.wire import http_client

pytestmark = pytest.mark.anyio
NOW = START.timestamp()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def issuer() -> FakeIssuer:
    return FakeIssuer(START)


def verifier(issuer: FakeIssuer, clock: ManualClock) -> AccessTokens:
    keys = IssuerKeys(Issuer(http_client(issuer, keep_alive=0), ISSUER).keys, clock, structlog.get_logger())
    return AccessTokens(ISSUER, AUDIENCE, keys, clock)


@pytest.fixture
def tokens(issuer: FakeIssuer, clock: ManualClock) -> AccessTokens:
    return verifier(issuer, clock)


def part(value: object) -> str:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@pytest.mark.parametrize("kind", ["at+jwt", "application/at+jwt", "AT+JWT", "JWT", None])
@pytest.mark.parametrize("audience", [AUDIENCE, ["https://other.example", AUDIENCE]])
async def test_a_good_token_says_who_bears_it(
    tokens: AccessTokens, issuer: FakeIssuer, kind: str | None, audience: object
) -> None:
    claims = await tokens.claims(issuer.token({"typ": kind}, aud=audience))

    assert claims["sub"] == "anna"


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("RS256", rsa.generate_private_key(65537, 2048)),
        ("PS512", rsa.generate_private_key(65537, 2048)),
        ("ES384", ec_key(ec.SECP384R1())),
        ("ES512", ec_key(ec.SECP521R1())),
        ("EdDSA", ed25519.Ed25519PrivateKey.generate()),
    ],
)
async def test_algorithms_with_a_public_key_are_taken(
    tokens: AccessTokens, issuer: FakeIssuer, algorithm: str, key: Private
) -> None:
    issuer.announce(first=issuer.key, other=key)
    token = jwt.encode(issuer.claims(), key, algorithm, headers={"kid": "other"})

    assert (await tokens.claims(token))["sub"] == "anna"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"iss": "https://evil.example"}, "another issuer"),
        ({"iss": f"{ISSUER}/"}, "another issuer"),
        ({"iss": None}, "missing"),
        ({"aud": "https://other.example/mcp"}, "another audience"),
        ({"aud": ["https://other.example/mcp"]}, "another audience"),
        ({"aud": []}, "another audience"),
        ({"aud": f"{AUDIENCE}/"}, "another audience"),
        ({"aud": None}, "missing"),
        ({"sub": None}, "missing"),
        ({"sub": 7}, "wrong kind"),
        ({"exp": None}, "missing"),
        ({"exp": "4000000000"}, "wrong kind"),
        ({"exp": True}, "wrong kind"),
        ({"exp": NOW - LEEWAY_S}, "has ended"),
        ({"exp": -(10**30)}, "has ended"),
        ({"nbf": NOW + LEEWAY_S + 1}, "later time"),
        ({"iat": NOW + LEEWAY_S + 1}, "later time"),
        ({"nbf": 10**400}, "later time"),
        ({"cnf": {"jkt": "x"}}, "bound to a key"),
    ],
)
async def test_a_claim_that_is_wrong_is_named(
    tokens: AccessTokens, issuer: FakeIssuer, claims: dict[str, object], reason: str
) -> None:
    with pytest.raises(BadToken, match=reason):
        await tokens.claims(issuer.token(**claims))


async def test_clocks_may_differ_a_little(tokens: AccessTokens, issuer: FakeIssuer, clock: ManualClock) -> None:
    early = issuer.token(nbf=NOW + LEEWAY_S, iat=NOW + LEEWAY_S)
    assert await tokens.claims(early)
    token = issuer.token(exp=NOW + 60)
    clock.advance(60 + LEEWAY_S - 1)
    assert await tokens.claims(token)
    clock.advance(1)
    with pytest.raises(BadToken, match="has ended"):
        await tokens.claims(token)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "None"},
        {"alg": ""},
        {"alg": None},
        {"alg": ["ES256"]},
        {"alg": "HS256"},
        {"alg": "ES256K"},
        {"alg": "RS256"},
        {"typ": "logout+jwt"},
        {"typ": "dpop+jwt"},
        {"typ": 7},
        {"kid": 7},
        {"kid": "no such"},
        {"kid": "../../../dev/null"},
        {"crit": ["exp"]},
        {"b64": False},
        {"b64": False, "crit": ["b64"]},
    ],
)
async def test_a_header_that_asks_for_something_else_is_refused(
    tokens: AccessTokens, issuer: FakeIssuer, header: dict[str, object]
) -> None:
    _, payload, signature = issuer.token().split(".")
    asked = part({"typ": "at+jwt", "alg": "ES256", "kid": "first", **header})

    for signed in (signature, ""):
        with pytest.raises(BadToken):
            await tokens.claims(f"{asked}.{payload}.{signed}")


async def test_a_public_key_is_no_secret_to_sign_with(tokens: AccessTokens, issuer: FakeIssuer) -> None:
    """Algorithm confusion (CVE-2015-9235): an HMAC with what everybody can read, in any of its forms."""
    issuer.announce_as([{**public(issuer.key), "kid": "first"}])
    shown = issuer.key.public_key()
    forms = serialization.Encoding
    secrets = [
        shown.public_bytes(forms.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
        shown.public_bytes(forms.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
        shown.public_bytes(forms.X962, serialization.PublicFormat.UncompressedPoint),
        json.dumps(issuer.documents[KEYS]).encode(),
    ]
    for secret in secrets:
        head, body = part({"alg": "HS256", "kid": "first"}), part(issuer.claims())
        signature = part(hmac.digest(secret, f"{head}.{body}".encode(), "sha256"))
        with pytest.raises(BadToken, match="algorithm"):
            await tokens.claims(f"{head}.{body}.{signature}")


async def test_keys_that_a_token_brings_along_are_not_used(tokens: AccessTokens, issuer: FakeIssuer) -> None:
    own = ec_key()
    for brought in ({"jwk": public(own)}, {"jku": "https://evil.example/keys"}, {"x5u": "https://evil.example/cert"}):
        token = jwt.encode(issuer.claims(), own, "ES256", headers={"kid": "first", **brought})
        with pytest.raises(BadToken, match="signature"):
            await tokens.claims(token)


async def test_a_key_of_the_same_name_for_another_use_does_not_sign(tokens: AccessTokens, issuer: FakeIssuer) -> None:
    own = ec_key()
    issuer.announce_as([{**public(own), "kid": "first", "use": "enc"}, {**public(issuer.key), "kid": "first"}])

    with pytest.raises(BadToken, match="signature"):
        await tokens.claims(jwt.encode(issuer.claims(), own, "ES256", headers={"kid": "first"}))
    assert await tokens.claims(issuer.token())


async def test_no_changed_character_is_overlooked(tokens: AccessTokens, issuer: FakeIssuer) -> None:
    token = issuer.token()
    head, payload, signature = token.split(".")
    raised = part({**issuer.claims(), "scope": "evergrant:operate"})
    # The last character of a part has bits that stand for nothing, so not every change of it is one.
    flipped = "".join("B" if each == "A" else "A" for each in signature[:20])

    for forged in (
        f"{head}.{raised}.{signature}",
        f"{head}.{payload}.{flipped}{signature[20:]}",
        f"{head}.{payload}.{signature[:-4]}",
        f"{head}.{payload}.",
        f"{head}.{payload}",
        f"{token}.{payload}",
    ):
        with pytest.raises(BadToken):
            await tokens.claims(forged)


@pytest.mark.parametrize("payload", [b"[]", b"7", b"", b"\xff", b"{", b'{"exp": NaN}', b"[" * 5000, b'{"a":' * 200])
async def test_a_signed_text_that_is_no_object_is_refused(
    tokens: AccessTokens, issuer: FakeIssuer, payload: bytes
) -> None:
    signed = jwt.PyJWS().encode(payload, issuer.key, "ES256", headers={"kid": "first"})

    with pytest.raises(BadToken):
        await tokens.claims(signed)


async def test_while_the_issuer_is_down_a_token_is_neither_good_nor_bad(
    tokens: AccessTokens, issuer: FakeIssuer
) -> None:
    issuer.down = True

    with pytest.raises(IssuerUnavailable):
        await tokens.claims(issuer.token())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(["iss", "aud", "sub", "exp", "nbf", "iat", "scope", "cnf"])
HEADERS = st.sampled_from(["alg", "typ", "kid", "crit", "b64", "jwk", "x5c"])


@given(st.text(max_size=60) | st.tuples(HEADERS, JSON) | st.dictionaries(NAMES, JSON, min_size=1, max_size=3))
async def test_whatever_is_sent_is_good_or_bad_and_nothing_else(
    sent: str | tuple[str, object] | dict[str, object],
) -> None:
    issuer = FakeIssuer(START)
    match sent:
        case str():
            token = sent
        case (name, value):
            head = part({"alg": "ES256", "kid": "first", name: value})
            token = ".".join([head, *issuer.token().split(".")[1:]])
        case _:
            token = issuer.token(**sent)
    with suppress(BadToken):
        assert (await verifier(issuer, ManualClock(START)).claims(token))["iss"] == ISSUER
