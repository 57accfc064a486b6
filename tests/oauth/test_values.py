import re

import pytest
from tests.oauth.samples import connector

from evergrant.catalog.account_source import FromRequest, Identity
from evergrant.catalog.account_value import BadAccountValue
from evergrant.catalog.connector import Connector
from evergrant.model.json import Json
from evergrant.oauth.values import from_request, from_token, from_user, subject_and_label

HOST = r"^https://[a-z]+\.example$"


@pytest.fixture
def acme() -> Connector:
    return connector(
        account={
            "region": {"from": "user", "title": "Region", "pattern": "^(eu|us)$", "default": "eu"},
            "shop": {"from": "user", "title": "Shop", "pattern": "^[a-z]+$"},
            "host": {"from": "token", "path": "/instance_url", "pattern": HOST},
        }
    )


def test_a_user_gives_what_has_no_default(acme: Connector) -> None:
    assert from_user(acme, {"shop": "books"}) == {"region": "eu", "shop": "books"}
    assert from_user(acme, {"shop": "books", "region": "us"}) == {"region": "us", "shop": "books"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "needs a value: --set shop="),
        ({"shop": "books", "host": "https://x.example"}, "takes no value host; it takes region, shop"),
        ({"shop": "Books"}, "shop does not look right"),
        ({"shop": "books\n"}, "shop does not look right"),
        ({"shop": "books", "region": "eu.evil.example/"}, "region does not look right"),
    ],
)
def test_what_a_user_gives_must_fit(acme: Connector, given: dict[str, str], words: str) -> None:
    with pytest.raises(BadAccountValue, match=words):
        from_user(acme, given)


def test_a_token_answer_may_carry_values(acme: Connector) -> None:
    assert from_token(acme, {"instance_url": "https://eu.example"}) == {"host": "https://eu.example"}
    assert from_token(acme, {}) == {}


@pytest.mark.parametrize(
    "host", ["https://eu.evil.test", "http://eu.example", "https://eu.example/x", "https://eu.example\n"]
)
def test_a_strange_host_in_a_token_answer_is_refused(acme: Connector, host: str) -> None:
    with pytest.raises(BadAccountValue, match="host does not look right"):
        from_token(acme, {"instance_url": host})


def test_a_value_may_be_looked_up() -> None:
    cloud = FromRequest.model_validate(
        {"from": "request", "request": "GET https://api.example/sites", "path": "/0/id", "pattern": "^[a-z0-9]+$"}
    )
    assert from_request("cloud_id", cloud, [{"id": "abc1"}], {}) == "abc1"
    for body in ([], [{"id": "../x"}]):
        with pytest.raises(BadAccountValue, match="cloud_id"):
            from_request("cloud_id", cloud, body, {})


SITES: Json = {"sites": [{"id": "a1", "url": "https://acme.example"}, {"id": "b2", "url": "https://bee.example"}]}
SITE = FromRequest.model_validate(
    {
        "from": "request",
        "request": "GET https://api.example/sites",
        "among": "/sites",
        "match": {"/url": "https://{account.site}.example"},
        "name": "/url",
        "path": "/id",
        "pattern": "[a-z0-9]+",
    }
)


def test_of_a_list_the_one_is_chosen_that_the_account_names() -> None:
    assert from_request("cloud", SITE, SITES, {"site": "bee"}) == "b2"
    assert from_request("cloud", SITE, {"sites": [{"id": "a1"}]}, {}) == "a1", "one alone need not be named"


@pytest.mark.parametrize(
    ("body", "values", "words"),
    [
        (
            SITES,
            {},
            "more than one fits cloud; there are: https://acme.example, https://bee.example. Say which: --set s",
        ),
        (SITES, {"site": "sea"}, "none fits cloud; there are: https://acme.example"),
        ({"sites": []}, {}, "none fits cloud; there are: none"),
        ({"sites": [{"url": "https://acme.example"}]}, {}, "names no cloud"),
        ({"sites": "strange"}, {}, "none fits cloud"),
    ],
)
def test_where_the_choice_is_not_clear_it_is_said_what_there_is(body: Json, values: dict[str, str], words: str) -> None:
    with pytest.raises(BadAccountValue, match=re.escape(words)):
        from_request("cloud", SITE, body, values)


def test_a_value_that_is_optional_may_be_missing() -> None:
    site: Json = {"from": "user", "title": "Site", "pattern": "[a-z]+", "optional": True}
    assert from_user(connector(account={"site": site}), {}) == {}


def test_one_person_at_two_sites_is_two_people() -> None:
    identity = Identity(subject=("{account.cloud}", "/id"), label=("/name",))
    who = [subject_and_label(identity, {"id": 7, "name": "Ada"}, {"cloud": cloud}) for cloud in ("a1", "b2")]
    assert who == [("a1:7", "Ada"), ("b2:7", "Ada")]
    assert subject_and_label(identity, {"id": 7}, {}) is None, "where the site is not known, nobody is pinned"


@pytest.mark.parametrize(
    ("body", "who"),
    [
        ({"org": "o1", "user": 7, "email": "ada@acme.example"}, ("o1:7", "ada@acme.example")),
        ({"org": "o1", "user": 7, "name": "Ada"}, ("o1:7", "Ada")),
        ({"org": "o1", "user": 7}, ("o1:7", "o1:7")),
        ({"org": "o1", "email": "ada@acme.example"}, None),
        ({"org": "", "user": 7}, None),
        (None, None),
    ],
)
def test_a_person_is_pinned_by_every_part_of_the_subject(body: Json, who: tuple[str, str] | None) -> None:
    identity = Identity(subject=("/org", "/user"), label=("/email", "/name"))
    assert subject_and_label(identity, body, {}) == who


def test_a_flag_pins_and_a_value_of_the_account_is_a_label() -> None:
    identity = Identity(subject=("{account.id}", "/live"), label=("{account.id}",))
    who = [subject_and_label(identity, {"live": live}, {"id": "acct_1"}) for live in (True, False, None)]
    assert who == [("acct_1:true", "acct_1"), ("acct_1:false", "acct_1"), None]


def test_a_value_that_fits_its_pattern_and_not_its_place_is_refused() -> None:
    lax: Json = {"from": "user", "title": "Shop", "pattern": ".*"}
    shops = connector(base_url="https://{account.shop}.acme.example", account={"shop": lax})
    assert from_user(shops, {"shop": "books"}) == {"shop": "books"}
    for hostile in ("evil.test/", "evil.test#", "a@evil.test", "x" * 3_000, "a b"):
        with pytest.raises(BadAccountValue, match="shop"):
            from_user(shops, {"shop": hostile})


def test_a_label_is_fit_to_be_shown_and_a_subject_is_kept_as_it_is() -> None:
    identity = Identity(subject=("/id",), label=("/name",))
    who = subject_and_label(identity, {"id": "7\u200b", "name": "A\x1b[31mda\u202e" + "x" * 500}, {})
    assert who == ("7\u200b", "Ada" + "x" * 197)
    assert subject_and_label(identity, {"id": "7\u200b", "name": "\u200b"}, {}) == ("7\u200b", "7")
