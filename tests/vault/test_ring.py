import base64
import hashlib
import hmac
import json
from dataclasses import replace

import pytest

from evergrant.vault.ring import KeyRing, KeyUnavailable, key_of, new_ring, ring_of

KEY = bytes(range(32))
RING = KeyRing({1: KEY, 2: bytes(32)}, current=2, epoch=7, bearer=KEY[::-1])


def changed(**members: object) -> str:
    return json.dumps({**json.loads(RING.text().reveal()), **members})


def test_a_ring_is_read_as_it_was_written() -> None:
    assert ring_of(RING.text().reveal(), "a test") == RING
    assert ring_of(f"\n {RING.text().reveal()}\n", "a test") == RING


def test_a_new_ring_has_one_key_of_its_own_and_a_bearer_that_is_not_it() -> None:
    one, other = new_ring(), new_ring()
    assert (list(one.keys), one.current, one.epoch) == ([1], 1, 0)
    assert len({one.key, one.bearer, other.key, other.bearer}) == 4
    assert {len(secret) for secret in (one.key, one.bearer)} == {32}


def test_the_current_key_is_the_one_that_the_ring_names() -> None:
    assert RING.key == bytes(32)
    assert replace(RING, current=1).key == KEY


def test_a_bare_key_of_the_first_vaults_is_version_one_and_its_bearer_stays() -> None:
    ring = ring_of(base64.b64encode(KEY).decode() + "\n", "a test")
    assert (ring.keys, ring.current, ring.epoch) == ({1: KEY}, 1, 0)
    assert ring.bearer == hmac.new(KEY, b"evergrant local http bearer v1", hashlib.sha256).digest()
    assert ring_of(ring.text().reveal(), "a test") == ring


def test_sixteen_keys_fit_into_a_windows_credential() -> None:
    crowded = replace(RING, keys=dict.fromkeys(range(100, 116), KEY), current=115, epoch=10**9)
    assert len(crowded.text().reveal().encode("utf-16-le")) <= 2560


def test_a_ring_shows_no_key_in_its_repr() -> None:
    assert repr(RING) == "KeyRing(current=2, epoch=7)"
    assert repr(RING.text()) == "Secret(...)"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not base64!",
        base64.b64encode(bytes(31)).decode(),
        base64.b64encode(bytes(33)).decode(),
        "\x00" * 32,
        "{",
        "{}",
        changed(v=2),
        changed(current=3),
        changed(keys={}),
        changed(keys={"1": "AAAA"}),
        changed(bearer=None),
        changed(more=1),
    ],
)
def test_what_is_no_ring_is_refused_by_where_it_lies(text: str) -> None:
    with pytest.raises(KeyUnavailable, match="What lies in this drawer is not a vault's key") as refused:
        ring_of(text, "this drawer")
    assert refused.value.__suppress_context__, "what was read must not stand in a traceback"


def test_a_key_is_32_bytes_of_base64() -> None:
    assert key_of(base64.b64encode(KEY).decode() + "\n") == KEY
    for wrong in ("", "AAAA", base64.b64encode(KEY).decode() + "AAAA"):
        with pytest.raises(ValueError, match=r"."):
            key_of(wrong)
