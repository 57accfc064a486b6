"""An issuer's keys: where they are found, how seldom it is asked, and how long they last when it is down."""

import asyncio

import httpx2
import pytest
import structlog
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.fakes.clock import ManualClock
from tests.fakes.issuer import ISSUER, KEYS, METADATA, OPENID, FakeIssuer, ec_key, public
from tests.fakes.practice import START

from evergrant.dial.guard import Guard
from evergrant.dial.network import Network
from evergrant.model.json import Json
from evergrant.oauth.issuer import Issuer, IssuerUnavailable
from evergrant.oauth.issuer_keys import AGAIN_S, FRESH_S, LONGEST_STALE_S, IssuerKeys
from evergrant.oauth.jwk import VerifyingKey, read_keys
from evergrant.wire import http_client

pytestmark = pytest.mark.anyio


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def issuer() -> FakeIssuer:
    return FakeIssuer(START)


def asking(issuer: FakeIssuer, jwks_url: str | None = None) -> Issuer:
    return Issuer(http_client(issuer, keep_alive=0), issuer.url, jwks_url)


@pytest.fixture
def keys(issuer: FakeIssuer, clock: ManualClock) -> IssuerKeys:
    return IssuerKeys(asking(issuer).keys, clock, structlog.get_logger())


@pytest.mark.parametrize(
    ("url", "path"),
    [
        (ISSUER, METADATA),
        (ISSUER, OPENID),
        (f"{ISSUER}/", OPENID),
        (f"{ISSUER}/realms/one", f"{METADATA}/realms/one"),
        (f"{ISSUER}/realms/one", f"/realms/one{OPENID}"),
    ],
)
async def test_metadata_is_found_at_either_place(url: str, path: str) -> None:
    issuer = FakeIssuer(START, url=url)
    issuer.documents[path] = issuer.documents.pop(METADATA)

    assert [key.kid for key in await asking(issuer).keys()] == ["first"]


async def test_keys_at_a_given_address_need_no_metadata(issuer: FakeIssuer) -> None:
    del issuer.documents[METADATA]

    assert len(await asking(issuer, "https://keys.example/keys").keys()) == 1
    assert issuer.asked == {KEYS: 1}


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example", "jwks_uri": f"{ISSUER}{KEYS}"},
        {"issuer": ISSUER, "jwks_uri": f"http://login.example{KEYS}"},
        {"issuer": ISSUER, "jwks_uri": 7},
        {"issuer": ISSUER, "jwks_uri": "https://[/"},
        {"issuer": ISSUER},
    ],
)
async def test_metadata_of_another_or_without_a_safe_address_is_not_believed(
    issuer: FakeIssuer, metadata: dict[str, Json]
) -> None:
    issuer.documents[METADATA] = metadata

    with pytest.raises(IssuerUnavailable):
        await asking(issuer).keys()
    assert not issuer.asked[KEYS]


@pytest.mark.parametrize("address", ["https://10.0.0.7/keys", "https://169.254.169.254/", "https://[::1]/keys"])
async def test_metadata_does_not_lead_into_a_private_network(issuer: FakeIssuer, address: str) -> None:
    limits = httpx2.Limits(max_connections=1)
    issuer.beyond = Network(Guard(), limits)
    issuer.documents[METADATA] = {"issuer": ISSUER, "jwks_uri": address}

    with pytest.raises(IssuerUnavailable, match=r"AddressRefused|ConnectError"):
        await asking(issuer).keys()
    await issuer.beyond.aclose()


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(302, headers={"Location": "http://169.254.169.254/latest/meta-data"}),
        httpx2.Response(500, json={"keys": []}),
        httpx2.Response(200, text="<html>"),
        httpx2.Response(200, json=["keys"]),
        httpx2.Response(200, json={"keys": "none"}),
        httpx2.Response(200, content=b" " * ((1 << 20) + 1)),
        httpx2.Response(200, content=b'{"keys":' + b"[" * 100),
    ],
)
async def test_what_is_no_set_of_keys_is_none_and_no_redirect_is_followed(
    issuer: FakeIssuer, answer: httpx2.Response
) -> None:
    issuer.documents[KEYS] = answer

    with pytest.raises(IssuerUnavailable):
        await asking(issuer).keys()
    assert issuer.asked == {METADATA: 1, KEYS: 1}


async def test_the_issuer_is_asked_once_for_any_number_of_callers(keys: IssuerKeys, issuer: FakeIssuer) -> None:
    found = await asyncio.gather(*(keys.named("ES256", "first") for _ in range(20)))

    assert all(len(each) == 1 for each in found)
    assert issuer.asked[KEYS] == 1


async def test_a_flood_of_unknown_keys_costs_the_issuer_one_request_a_minute(
    keys: IssuerKeys, issuer: FakeIssuer, clock: ManualClock
) -> None:
    await keys.named("ES256", "first")
    for second in range(180):
        clock.advance(1)
        assert not await keys.named("ES256", f"made up {second}")

    assert issuer.asked[KEYS] == 1 + 180 // AGAIN_S


async def test_a_new_key_is_found_and_a_withdrawn_one_forgotten(
    keys: IssuerKeys, issuer: FakeIssuer, clock: ManualClock
) -> None:
    await keys.named("ES256", "first")
    issuer.announce(second=ec_key())
    clock.advance(AGAIN_S)

    assert await keys.named("ES256", "first")  # known, and asked for not long ago
    assert await keys.named("ES256", "second")
    assert not await keys.named("ES256", "first")


async def test_a_withdrawn_key_is_forgotten_when_nobody_uses_a_new_one(
    keys: IssuerKeys, issuer: FakeIssuer, clock: ManualClock
) -> None:
    await keys.named("ES256", "first")
    issuer.announce_as([])
    clock.advance(FRESH_S)

    assert not await keys.named("ES256", "first")


async def test_keys_outlive_an_outage_but_not_for_ever(
    keys: IssuerKeys, issuer: FakeIssuer, clock: ManualClock
) -> None:
    await keys.named("ES256", "first")
    issuer.down = True
    clock.advance(LONGEST_STALE_S - 1)
    assert await keys.named("ES256", "first")
    with pytest.raises(IssuerUnavailable):  # it may be a new one
        await keys.named("ES256", "second")

    clock.advance(1)
    with pytest.raises(IssuerUnavailable):
        await keys.named("ES256", "first")
    issuer.down = False
    clock.advance(AGAIN_S)
    assert await keys.named("ES256", "first")


async def test_nobody_who_has_a_key_waits_for_an_issuer_that_hangs(clock: ManualClock, issuer: FakeIssuer) -> None:
    known, may_answer, was_asked = await asking(issuer).keys(), asyncio.Event(), asyncio.Event()
    may_answer.set()

    async def fetch() -> tuple[VerifyingKey, ...]:
        was_asked.set()
        await may_answer.wait()
        return known

    keys = IssuerKeys(fetch, clock, structlog.get_logger())
    await keys.named("ES256", "first")
    may_answer.clear()
    was_asked.clear()
    clock.advance(FRESH_S)
    asks = asyncio.create_task(keys.named("ES256", "first"))
    await was_asked.wait()

    assert await keys.named("ES256", "first")
    assert not asks.done()
    may_answer.set()
    assert await asks


async def test_without_an_id_only_an_only_key_fits(keys: IssuerKeys, issuer: FakeIssuer, clock: ManualClock) -> None:
    assert len(await keys.named("ES256", None)) == 1
    issuer.announce(first=issuer.key, second=ec_key())
    clock.advance(FRESH_S)

    assert not await keys.named("ES256", None)


def test_only_keys_for_verifying_with_a_public_half_are_read() -> None:
    good, other = public(ec_key()), public(ec_key())
    weak = rsa.generate_private_key(65537, 1024)  # noqa: S505  (it must not be taken)
    strange: list[Json] = [
        {**good, "use": "enc"},
        {**good, "key_ops": ["sign"]},
        {**good, "alg": "ES384"},
        {**good, "alg": "HS256"},
        {**good, "x": "AA"},
        {**good, "x": 7},
        {**good, "crv": "P-384"},
        {"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"},
        public(weak),
        {"kty": "RSA", "n": "", "e": ""},
        {},
        None,
        7,
    ]

    assert read_keys({"keys": strange}) == ()
    assert [(key.kid, key.algorithm) for key in read_keys({"keys": [*strange, {**other, "kid": "one"}]}) or ()] == [
        ("one", "ES256")
    ]
    assert read_keys({"keys": 7}) is None
    assert read_keys([]) is None


def test_a_key_announced_with_its_private_half_is_used_without_it() -> None:
    keys = read_keys({"keys": [{**public(ec_key()), "d": "c2VjcmV0"}]}) or ()

    assert [key.algorithm for key in keys] == ["ES256"]
