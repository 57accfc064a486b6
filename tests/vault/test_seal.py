import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergrant.model.secret import Secret
from evergrant.vault.seal import SealBroken, Sealer

KEY = bytes(range(32))
PLACE = ("tnt_a", "conn_1", "refresh_token", 3)
PARTS = st.lists(st.text() | st.integers(), max_size=5)


@pytest.fixture
def sealer() -> Sealer:
    return Sealer(KEY, "vault_1")


@given(value=st.text(), place=PARTS)
def test_what_is_sealed_opens_at_its_place(value: str, place: list[str | int]) -> None:
    sealer = Sealer(KEY, "vault_1")
    assert sealer.open(sealer.seal(Secret(value), *place), *place).reveal() == value


def test_every_flipped_bit_is_noticed(sealer: Sealer) -> None:
    sealed = sealer.seal(Secret("refresh-1"), *PLACE)
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealBroken):
            sealer.open(bytes(changed), *PLACE)


def test_every_truncation_is_noticed(sealer: Sealer) -> None:
    sealed = sealer.seal(Secret("refresh-1"), *PLACE)
    for length in range(len(sealed)):
        with pytest.raises(SealBroken):
            sealer.open(sealed[:length], *PLACE)


@pytest.mark.parametrize(
    "elsewhere",
    [
        ("tnt_b", "conn_1", "refresh_token", 3),
        ("tnt_a", "conn_2", "refresh_token", 3),
        ("tnt_a", "conn_1", "access_token", 3),
        ("tnt_a", "conn_1", "refresh_token", 2),
        ("tnt_a", "conn_1", "refresh_token"),
        ("tnt_a", "conn_1", "refresh_token", 3, ""),
    ],
)
def test_a_sealed_value_opens_nowhere_else(sealer: Sealer, elsewhere: tuple[str | int, ...]) -> None:
    sealed = sealer.seal(Secret("refresh-1"), *PLACE)
    with pytest.raises(SealBroken, match="changed or moved"):
        sealer.open(sealed, *elsewhere)


@pytest.mark.parametrize("other", [Sealer(KEY, "vault_2"), Sealer(KEY[::-1], "vault_1")])
def test_another_vault_and_another_key_open_nothing(sealer: Sealer, other: Sealer) -> None:
    with pytest.raises(SealBroken):
        other.open(sealer.seal(Secret("refresh-1"), *PLACE), *PLACE)


@given(first=PARTS, second=PARTS)
def test_two_places_are_the_same_only_if_every_part_is(first: list[str | int], second: list[str | int]) -> None:
    if list(map(str, first)) == list(map(str, second)):
        return
    sealer = Sealer(KEY, "vault_1")
    with pytest.raises(SealBroken):
        sealer.open(sealer.seal(Secret("x"), *first), *second)


def test_parts_of_a_place_do_not_run_together(sealer: Sealer) -> None:
    with pytest.raises(SealBroken):
        sealer.open(sealer.seal(Secret("x"), "ab", "c"), "a", "bc")


@pytest.mark.parametrize("header", [bytes([2, 1]), bytes([0, 1]), bytes([1, 2])])
def test_an_unknown_version_or_algorithm_is_named_as_such(sealer: Sealer, header: bytes) -> None:
    sealed = sealer.seal(Secret("x"), *PLACE)
    with pytest.raises(SealBroken, match="unknown version or algorithm"):
        sealer.open(header + sealed[2:], *PLACE)


def test_the_same_secret_is_sealed_differently_each_time(sealer: Sealer) -> None:
    assert sealer.seal(Secret("x"), *PLACE) != sealer.seal(Secret("x"), *PLACE)


def test_a_broken_seal_says_nothing_of_what_was_inside(sealer: Sealer) -> None:
    with pytest.raises(SealBroken) as caught:
        sealer.open(sealer.seal(Secret("refresh-1"), *PLACE), "elsewhere")
    assert caught.value.__cause__ is None
    assert "refresh-1" not in str(caught.value)
