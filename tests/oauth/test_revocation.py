"""What a revocation endpoint's answer comes to."""

import httpx2
import pytest
from tests.oauth.samples import answer, connector

from evergrant.model.json import JsonObject
from evergrant.oauth.revocation import Unrevoked, read_revocation

SAYS_NO_WITH_200: JsonObject = {"token": {"failed_when": {"/ok": False}, "code": ["/error"]}}
SLACKS: JsonObject = {"revocation_ended": ["token_revoked"]}


def read(response: httpx2.Response, *, errors: JsonObject | None = None, oauth: JsonObject | None = None) -> object:
    acme = connector(errors=errors or {}, oauth=oauth or {})
    found = read_revocation(acme, response, response.content)
    return found.kind if isinstance(found, Unrevoked) else found


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (answer(200), None),
        (answer(204), None),
        (httpx2.Response(200, text="<p>done"), None),
        (answer(400, {"error": "invalid_token"}), None),
        (answer(400, {"error": "invalid_grant"}), "refused"),
        (answer(401, {"error": "invalid_client"}), "refused"),
        (answer(400, {"error": "unsupported_token_type"}), "refused"),
        (answer(302), "refused"),
        (answer(404), "refused"),
        (answer(408), "transient"),
        (answer(429), "transient"),
        (answer(503), "transient"),
    ],
)
def test_an_answer_is_done_no_or_nothing_said(response: httpx2.Response, kind: str | None) -> None:
    assert read(response) == kind


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (answer(200, {"ok": True}), None),
        (answer(200, {"ok": False, "error": "token_revoked"}), None),
        (answer(200, {"ok": False, "error": "invalid_auth"}), "refused"),
        (answer(200, {"ok": False, "error": "temporarily_unavailable"}), "transient"),
        (httpx2.Response(200, text="<p>Back soon"), "transient"),
    ],
)
def test_a_provider_that_says_no_with_a_200_is_read(response: httpx2.Response, kind: str | None) -> None:
    assert read(response, errors=SAYS_NO_WITH_200, oauth=SLACKS) == kind


def test_the_pause_that_is_asked_for_is_kept() -> None:
    response = answer(503, None, [("Retry-After", "30")])
    assert read_revocation(connector(), response, response.content) == Unrevoked(
        "transient", "the provider answered 503", 30.0
    )
