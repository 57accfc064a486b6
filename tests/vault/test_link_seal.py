"""Sealed links: what they hide, what they are bound to, and what a person may make of their codes."""

import base64
import json
from datetime import UTC, datetime

import pytest
from tests.fakes.canaries import Canaries
from tests.vault.samples import START

from evergrant.model.link import Claims
from evergrant.model.secret import Secret
from evergrant.vault.link_seal import LinkSeal, same_code
from evergrant.vault.ring import new_ring
from evergrant.vault.seal import SealBroken

KEY = bytes(range(32))
CLAIMS = Claims(
    "connect",
    "tnt_of-a-customer",
    START,
    connector="salesforce",
    account_id="conn_01JD9ZCANARY",
    scopes=("api", "refresh_token"),
    alias="acme-anna-canary",
    values={"login": "https://anna-canary.example.test"},
)


@pytest.fixture
def seal() -> LinkSeal:
    return LinkSeal(KEY, "vault_1")


def test_a_link_gives_back_what_it_stands_for(seal: LinkSeal) -> None:
    assert seal.open(seal.seal(CLAIMS)) == CLAIMS


def test_neither_a_person_nor_a_tenant_nor_an_id_can_be_read_from_a_link(seal: LinkSeal) -> None:
    canaries = Canaries()
    told = (
        CLAIMS.tenant_id,
        CLAIMS.connector,
        CLAIMS.account_id,
        CLAIMS.alias,
        *CLAIMS.scopes,
        *CLAIMS.values.values(),
    )
    for text in told:
        canaries.add("claim", str(text))

    handle = seal.seal(CLAIMS)

    decoded = base64.urlsafe_b64decode(handle + "=" * (-len(handle) % 4)).decode("latin-1")
    assert canaries.found({"link": handle, "decoded": decoded}) == {}
    with pytest.raises(ValueError, match=r".*"):
        json.loads(decoded)


def test_two_links_for_the_same_thing_differ_and_so_do_their_codes(seal: LinkSeal) -> None:
    one, two = seal.seal(CLAIMS), seal.seal(CLAIMS)

    assert one != two
    assert seal.code(one) != seal.code(two)


def test_a_link_fits_into_a_path_and_into_an_address_bar(seal: LinkSeal) -> None:
    handle = seal.seal(Claims("reauth", "tnt_local", START, account_id="conn_01JD9Z0000000000000000000", consents=3))

    assert len(handle) < 260
    assert set(handle) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@pytest.mark.parametrize("other", [LinkSeal(KEY, "vault_2"), LinkSeal(bytes(32), "vault_1")])
def test_a_link_of_another_vault_or_key_does_not_open(seal: LinkSeal, other: LinkSeal) -> None:
    with pytest.raises(SealBroken):
        seal.open(other.seal(CLAIMS))


def test_a_link_with_any_character_changed_does_not_open(seal: LinkSeal) -> None:
    handle = seal.seal(CLAIMS)
    for place in range(len(handle)):
        changed = handle[:place] + ("A" if handle[place] != "A" else "B") + handle[place + 1 :]
        with pytest.raises(SealBroken):
            seal.open(changed)


@pytest.mark.parametrize("spelled", ["{}=", "{}==", " {}", "{}\n", "{}.", "x{}"])
def test_another_spelling_of_a_link_is_no_link_so_that_nobody_gets_more_tries(seal: LinkSeal, spelled: str) -> None:
    with pytest.raises(SealBroken):
        seal.open(spelled.format(seal.seal(CLAIMS)))


def test_a_ticket_is_none_for_another_link_and_no_link_itself(seal: LinkSeal) -> None:
    one, two = seal.seal(CLAIMS), seal.seal(CLAIMS)
    end = datetime(2027, 1, 1, 0, 1, tzinfo=UTC)
    ticket = seal.ticket(one, end).reveal()

    assert seal.ticket_end(one, ticket) == end
    for wrong in (lambda: seal.ticket_end(two, ticket), lambda: seal.open(ticket), lambda: seal.ticket_end(one, one)):
        with pytest.raises(SealBroken):
            wrong()


def test_a_proof_is_of_one_link_and_one_browser(seal: LinkSeal) -> None:
    one, two = seal.seal(CLAIMS), seal.seal(CLAIMS)

    assert len({seal.proof(handle, Secret(browser)) for handle in (one, two) for browser in ("a", "b")}) == 4


def test_a_code_has_eight_characters_that_nobody_takes_for_others(seal: LinkSeal) -> None:
    codes = [seal.code(seal.seal(CLAIMS)) for _ in range(200)]

    assert {len(code) for code in codes} == {9}
    assert {code[4] for code in codes} == {"-"}
    assert not set("".join(codes)) & set("ILOU")


@pytest.mark.parametrize(
    ("given", "same"),
    [
        ("10AB-CDEF", True),
        ("loab cdef", True),
        ("IOAB.CDEF", True),
        ("10ABCDEF", True),
        ("10ABCDE", False),
        ("", False),
        ("\u0661\u0660AB-CDEF", False),
    ],
)
def test_a_code_is_taken_as_people_write_it(given: str, same: bool) -> None:
    assert same_code("10AB-CDEF", given) is same


def test_links_outlive_the_vaults_key_and_have_a_key_of_their_own() -> None:
    ring = new_ring()

    assert len({ring.link_key(), ring.spool_key(), ring.key, ring.bearer}) == 4
