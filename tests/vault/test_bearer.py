from dataclasses import replace

import pytest

from evergrant.vault.bearer import is_local_bearer, local_bearer
from evergrant.vault.ring import new_ring, ring_of

RING = new_ring()
OTHER = new_ring()


def test_the_same_ring_makes_the_same_bearer_and_another_ring_another() -> None:
    assert local_bearer(RING) == local_bearer(ring_of(RING.text().reveal(), "a test"))
    assert local_bearer(RING) != local_bearer(OTHER)


def test_a_bearer_stays_when_the_keys_change() -> None:
    turned = replace(RING, keys={2: OTHER.key}, current=2, epoch=9)
    assert local_bearer(turned) == local_bearer(RING)


def test_the_bearer_of_a_vault_with_a_bare_key_is_what_it_was() -> None:
    bare = ring_of("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "a test")
    assert local_bearer(bare).reveal() == "evg_nnPfHiijV8FQd8danihHbqVqZLySI8g9yVEiJVsBu7Q"


def test_a_bearer_does_not_give_the_key_away() -> None:
    bearer = local_bearer(RING).reveal()
    assert bearer.startswith("evg_")
    assert len(bearer) == len("evg_") + 43
    assert RING.key.hex() not in bearer


@pytest.mark.parametrize(
    "presented",
    ["", "evg_", "\u00e4", local_bearer(OTHER).reveal(), local_bearer(RING).reveal()[:-1]],
    ids=["nothing", "a beginning", "not ASCII", "another vault's", "cut off"],
)
def test_nothing_but_the_bearer_is_the_bearer(presented: str) -> None:
    assert is_local_bearer(RING, local_bearer(RING).reveal())
    assert not is_local_bearer(RING, presented)
