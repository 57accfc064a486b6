"""The guide to an OAuth client, filled in for one app; and the scopes that others bring with them."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError
from tests.oauth.samples import ROOT, connector

from evergrant.catalog.catalog import Catalog
from evergrant.catalog.registration import Registration
from evergrant.catalog.template import SLOT
from evergrant.model.json import Json

URI, SCOPES = "http://localhost:8484/callback/acme", ("things.read", "a&b")
PASTED: Json = {"title": "Client ID", "pattern": "[a-z]+", "looks_like": "abc"}


def registration(*steps: Json, **more: Json) -> Registration:
    return Registration.model_validate({"minutes": 2, "steps": list(steps), "client_id": PASTED, **more})


def test_steps_read_plainly_and_links_are_escaped() -> None:
    step: Json = {
        "do": "Name it {app}, give {redirect_uri} and tick {scopes}, that is {scopes_comma}.",
        "link": "https://acme.example/new?name={app}&uri={redirect_uri}&scope={scopes}&list={scopes_comma}",
    }
    [(text, link)] = registration(step).filled("My app", URI, SCOPES)
    assert text == f"Name it My app, give {URI} and tick things.read a&b, that is things.read,a&b."
    assert parse_qs(urlsplit(link or "").query) == {
        "name": ["My app"],
        "uri": [URI],
        "scope": ["things.read a&b"],
        "list": ["things.read,a&b"],
    }


def test_a_manifest_is_one_text_of_json_in_which_scopes_alone_are_a_list() -> None:
    manifest: Json = {"name": "{app} 1", "uris": ["{redirect_uri}"], "scopes": "{scopes}", "on": True, "n": 3}
    step: Json = {"do": "Open this link.", "link": "https://acme.example/new?manifest={manifest}"}
    [(_, link)] = registration(step, manifest=manifest).filled("My app", URI, SCOPES)
    [sent] = parse_qs(urlsplit(link or "").query)["manifest"]
    assert json.loads(sent) == {"name": "My app 1", "uris": [URI], "scopes": [*SCOPES], "on": True, "n": 3}


def test_a_step_may_have_no_page() -> None:
    assert registration({"do": "Copy both."}).filled("My app", URI, ()) == (("Copy both.", None),)


@pytest.mark.parametrize(
    ("step", "words"), [({"do": "Give {uri} there."}, "there is no uri"), ({"do": "It."}, "at least 5 characters")]
)
def test_a_step_that_says_nothing_or_names_what_is_not_there_is_refused(step: Json, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        registration(step)


def test_what_is_pasted_has_a_regular_expression() -> None:
    with pytest.raises(ValidationError, match="not a regular expression"):
        registration({"do": "Copy both."}, client_secret={"title": "Secret", "pattern": "(", "looks_like": "abc"})


MAKE: Json = {"do": "Make an app.", "link": "https://acme.example/new"}
SET: Json = {"do": "Under Auth add {redirect_uri}"}
COPY: Json = {"do": "Copy both.", "link": "https://acme.example/keys"}
FORM: Json = {"do": "Open this form.", "link": "https://acme.example/new?uri={redirect_uri}"}


@pytest.mark.parametrize(
    ("steps", "apps", "page"),
    [
        ((MAKE, SET, COPY), None, "https://acme.example/new"),
        ((MAKE, COPY), None, "https://acme.example/keys"),
        ((FORM, COPY), None, None),
        ((FORM, COPY), "https://acme.example/apps", "https://acme.example/apps"),
        ((SET,), None, None),
    ],
)
def test_a_redirect_uri_is_corrected_on_the_page_where_it_was_given(
    steps: tuple[Json, ...], apps: str | None, page: str | None
) -> None:
    assert registration(*steps, apps=apps).page_of_redirect == page


def test_every_shipped_guide_is_filled_to_the_last_slot() -> None:
    for name, each in Catalog([ROOT]).connectors().items():
        if each.registration:
            steps = each.registration.filled("Evergrant", URI, each.oauth.scopes)
            assert not [text for step in steps for text in step if text and SLOT.search(text)], name


def test_a_wide_scope_brings_narrow_ones_that_the_answer_does_not_name() -> None:
    oauth = connector(oauth={"scope_covers": {"all": ["read", "write"]}}).oauth
    assert oauth.lacking(["read", "write", "admin"], ["all"]) == ("admin",)
    assert oauth.lacking(["all"], ["read", "write"]) == ("all",), "many narrow ones are not the wide one"
    assert oauth.lacking(["read"], []) == ("read",)
