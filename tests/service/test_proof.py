"""Codes and tickets: how often they may be tried, and how much of that is remembered."""

from datetime import datetime, timedelta

import pytest
from tests.fakes.clock import ManualClock
from tests.fakes.practice import START

from evergrant.model.link import Claims
from evergrant.service import proof
from evergrant.service.proof import TRIES, Proofs, TooManyCodes, WrongCode
from evergrant.vault.link_seal import LinkSeal

SEAL = LinkSeal(bytes(32), "vault_1")
END = START + timedelta(minutes=30)


def link() -> str:
    return SEAL.seal(Claims("connect", "tnt_local", END, connector="sandbox"))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def proofs(clock: ManualClock) -> Proofs:
    return Proofs(SEAL, clock)


def guess(proofs: Proofs, handle: str, until: datetime = END) -> int:
    """How many tries are left after a wrong one."""
    try:
        proofs.check_code(handle, "WRNG-WRNG", until)
    except WrongCode as wrong:
        return wrong.left
    except TooManyCodes:
        return 0
    raise AssertionError("the wrong code was taken")


def test_the_fifth_wrong_code_closes_a_link_also_to_the_right_one(proofs: Proofs) -> None:
    handle = link()

    assert [guess(proofs, handle) for _ in range(TRIES)] == [4, 3, 2, 1, 0]
    assert proofs.is_closed(handle)
    with pytest.raises(TooManyCodes):
        proofs.check_code(handle, SEAL.code(handle), END)


def test_the_right_code_is_taken_after_a_slip(proofs: Proofs) -> None:
    handle = link()
    guess(proofs, handle)

    proofs.check_code(handle, SEAL.code(handle), END)


def test_links_are_counted_apart(proofs: Proofs) -> None:
    one, two = link(), link()
    for _ in range(TRIES):
        guess(proofs, one)

    assert guess(proofs, two) == TRIES - 1


def test_what_is_remembered_is_bounded_and_ended_links_make_room(
    proofs: Proofs, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof, "MOST", 4)
    old = [link() for _ in range(4)]
    for handle in old:
        guess(proofs, handle)
    clock.advance(1800)
    late = link()
    lefts = [guess(proofs, late, END + timedelta(minutes=30)) for _ in range(3)]

    assert lefts == [4, 3, 2]
    assert [guess(proofs, handle) for handle in old] == [TRIES - 1] * 4, "their ends have come, so they went"


def test_a_ticket_is_good_once_within_its_minute(proofs: Proofs, clock: ManualClock) -> None:
    handle = link()
    ticket, late = (SEAL.ticket(handle, START + timedelta(seconds=60)).reveal() for _ in range(2))

    assert [proofs.spend(handle, ticket), proofs.spend(handle, ticket)] == [True, False]
    assert not proofs.spend(link(), late)
    clock.advance(60)
    assert not proofs.spend(handle, late)
    assert not proofs.spend(handle, "made-up")
