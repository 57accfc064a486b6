import struct

import pytest

from evergrant.model.secret import Secret
from evergrant.vault.ring import KeyUnavailable
from evergrant.vault.sources.wrapping import KeyedWrapper, PassphraseWrapper

CLEAR = b"the ring"
HEADER_LENGTH = 23


def passphrase(typed: str = "correct horse", vault_id: str = "vault_1") -> PassphraseWrapper:
    return PassphraseWrapper(Secret(typed), vault_id, "the passphrase of this test")


def keyed(key: bytes = bytes(32), vault_id: str = "vault_1") -> KeyedWrapper:
    return KeyedWrapper(key, vault_id, "EVERGRANT_KEY")


@pytest.fixture(scope="module")
def wrapped() -> bytes:
    return passphrase().wrap(CLEAR)


def test_what_a_key_wraps_opens_with_that_key_for_that_vault_only() -> None:
    wrapped = keyed().wrap(CLEAR)
    assert keyed().unwrap(wrapped) == CLEAR
    for other in (keyed(key=b"\1" * 32), keyed(vault_id="vault_2")):
        with pytest.raises(KeyUnavailable, match="does not open with EVERGRANT_KEY"):
            other.unwrap(wrapped)


def test_what_a_passphrase_wraps_opens_with_that_passphrase_for_that_vault_only(wrapped: bytes) -> None:
    assert passphrase().unwrap(wrapped) == CLEAR
    for other in (passphrase("correct horsf"), passphrase(vault_id="vault_2"), passphrase("")):
        with pytest.raises(KeyUnavailable, match="does not open with the passphrase of this test"):
            other.unwrap(wrapped)


def test_the_header_says_argon2id_with_64_mib_three_passes_four_lanes(wrapped: bytes) -> None:
    assert struct.unpack(">BIBB", wrapped[:7]) == (1, 64 * 1024, 3, 4)


def test_every_wrapping_has_a_salt_of_its_own(wrapped: bytes) -> None:
    again = passphrase().wrap(CLEAR)
    assert again[7:HEADER_LENGTH] != wrapped[7:HEADER_LENGTH]
    assert passphrase().unwrap(again) == CLEAR


def test_a_passphrase_is_the_same_however_its_letters_are_composed() -> None:
    composed, decomposed = "gr\u00fcne K\u00fche", "gru\u0308ne Ku\u0308he"
    assert passphrase(decomposed).unwrap(passphrase(composed).wrap(CLEAR)) == CLEAR


@pytest.mark.parametrize("place", [0, 1, 5, 6, 7, HEADER_LENGTH - 1, HEADER_LENGTH, -1])
def test_no_byte_can_be_changed(wrapped: bytes, place: int) -> None:
    changed = bytearray(wrapped)
    changed[place] ^= 1
    with pytest.raises(KeyUnavailable):
        passphrase().unwrap(bytes(changed))


@pytest.mark.parametrize(
    ("memory", "passes", "lanes"),
    [(2**32 - 1, 3, 4), (64 * 1024, 255, 4), (64 * 1024, 3, 255), (64 * 1024, 0, 4), (64 * 1024, 3, 0), (8, 3, 4)],
)
def test_a_header_cannot_ask_for_more_than_a_machine_has_or_less_than_argon2_can(
    wrapped: bytes, memory: int, passes: int, lanes: int
) -> None:
    asked = struct.pack(">BIBB", 1, memory, passes, lanes) + wrapped[7:]
    with pytest.raises(KeyUnavailable, match="damaged"):
        passphrase().unwrap(asked)


@pytest.mark.parametrize("length", [0, 1, HEADER_LENGTH - 1, HEADER_LENGTH])
def test_what_is_cut_short_is_refused(wrapped: bytes, length: int) -> None:
    with pytest.raises(KeyUnavailable):
        passphrase().unwrap(wrapped[:length])
