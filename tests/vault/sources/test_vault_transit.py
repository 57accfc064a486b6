from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.json_server import running
from tests.fakes.transit import KEY, TransitEngine

from evergrant.model.secret import Secret
from evergrant.vault.ring import KeyUnavailable
from evergrant.vault.sources.given import Transit
from evergrant.vault.sources.vault_transit import TransitWrapper

CLEAR = b"the ring"


@pytest.fixture
def engine() -> TransitEngine:
    return TransitEngine()


@pytest.fixture
def transit(engine: TransitEngine) -> Iterator[Transit]:
    with running(engine) as url:
        yield Transit(address=url, token=Secret(engine.token), token_file=None, namespace=None, key=KEY)


def test_what_transit_seals_it_opens_again(transit: Transit) -> None:
    wrapper = TransitWrapper(transit, "vault_1")
    wrapped = wrapper.wrap(CLEAR)
    assert wrapped.startswith(b"vault:v1:")
    assert wrapper.unwrap(wrapped) == CLEAR


def test_what_is_sealed_for_one_vault_does_not_open_for_another(transit: Transit) -> None:
    wrapped = TransitWrapper(transit, "vault_1").wrap(CLEAR)
    with pytest.raises(KeyUnavailable, match="does not decrypt"):
        TransitWrapper(transit, "vault_2").unwrap(wrapped)


def test_the_token_of_a_file_is_read_anew_for_each_call(
    transit: Transit, engine: TransitEngine, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.touch(0o600)
    wrapper = TransitWrapper(replace(transit, token=Secret("stale"), token_file=file), "vault_1")
    for renewed in ("hvs.first", "hvs.second"):
        file.write_text(f"{renewed}\n")
        engine.token = renewed
        assert wrapper.unwrap(wrapper.wrap(CLEAR)) == CLEAR


def test_a_namespace_goes_along(transit: Transit, engine: TransitEngine) -> None:
    TransitWrapper(replace(transit, namespace="admin/team"), "vault_1").wrap(CLEAR)
    TransitWrapper(transit, "vault_1").wrap(CLEAR)
    assert engine.namespaces == ["admin/team", None]


@pytest.mark.parametrize(
    ("token", "key"), [("hvs.wrong", KEY), ("hvs.test", "another"), ("hvs.test", "../../sys/seal")]
)
def test_a_refusal_says_what_to_check_and_not_the_token(transit: Transit, token: str, key: str) -> None:
    with pytest.raises(KeyUnavailable, match=r"\(status 40[03]\). Check VAULT_TOKEN") as refused:
        TransitWrapper(replace(transit, token=Secret(token), key=key), "vault_1").wrap(CLEAR)
    assert token not in str(refused.value)


def test_without_a_token_nothing_is_asked(transit: Transit, engine: TransitEngine) -> None:
    with pytest.raises(KeyUnavailable, match="VAULT_TOKEN_FILE"):
        TransitWrapper(replace(transit, token=None), "vault_1").wrap(CLEAR)
    assert engine.namespaces == []


def test_a_vault_that_is_away_is_told_by_its_address() -> None:
    with running(TransitEngine()) as url:
        gone = Transit(address=url, token=Secret("x"), token_file=None, namespace=None, key=KEY)
    with pytest.raises(KeyUnavailable, match=f"{url} cannot be reached"):
        TransitWrapper(gone, "vault_1").wrap(CLEAR)


@pytest.mark.parametrize("answer", [{}, {"data": None}, {"data": {}}, {"data": []}])
def test_an_answer_of_another_shape_is_a_refusal(transit: Transit, answer: dict[str, object]) -> None:
    with running(lambda _path, _headers, _body: (200, answer)) as url, pytest.raises(KeyUnavailable, match="encrypt"):
        TransitWrapper(replace(transit, address=url), "vault_1").wrap(CLEAR)


@pytest.mark.parametrize("address", ["http://vault.example:8200", "vault.example", "ftp://127.0.0.1", ""])
def test_an_address_that_would_carry_the_token_in_clear_is_refused(transit: Transit, address: str) -> None:
    with pytest.raises(KeyUnavailable, match="https"):
        TransitWrapper(replace(transit, address=address), "vault_1")


def test_https_and_loopback_are_good_addresses(transit: Transit) -> None:
    for address in ("https://vault.example", "http://localhost:8200", "http://[::1]:8200"):
        TransitWrapper(replace(transit, address=address), "vault_1")
