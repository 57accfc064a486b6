import pytest

from evergrant.vault.bearer import is_local_bearer, local_bearer
from evergrant.vault.keys import MasterKey

KEY = MasterKey(bytes(range(32)), "this test")
OTHER = MasterKey(bytes(32), "this test")


def test_the_same_key_makes_the_same_bearer_and_another_key_another() -> None:
    assert local_bearer(KEY) == local_bearer(KEY)
    assert local_bearer(KEY) != local_bearer(OTHER)


def test_a_bearer_does_not_give_the_key_away() -> None:
    bearer = local_bearer(KEY).reveal()
    assert bearer.startswith("evg_")
    assert len(bearer) == len("evg_") + 43
    assert KEY.material.hex() not in bearer


@pytest.mark.parametrize(
    "presented", ["", "evg_", "\u00e4", local_bearer(OTHER).reveal(), local_bearer(KEY).reveal()[:-1]]
)
def test_nothing_but_the_bearer_is_the_bearer(presented: str) -> None:
    assert is_local_bearer(KEY, local_bearer(KEY).reveal())
    assert not is_local_bearer(KEY, presented)
