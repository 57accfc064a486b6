import json
from datetime import timedelta

import httpx2
import pytest
from tests.oauth.samples import NOW, answer, connector, issued, read

from evergrant.catalog.connector import Connector
from evergrant.model.json import Json, JsonObject
from evergrant.oauth.answer import LONGEST_CODE, Issued, Rejected

FORM = "application/x-www-form-urlencoded"


def rejected(response: httpx2.Response, of: Connector | None = None) -> Rejected:
    found = read(response, of)
    assert isinstance(found, Rejected)
    return found


def test_an_answer_as_in_rfc_6749_is_read() -> None:
    found = issued(token_type="bearer", expires_in=3600, scope="read write")
    assert found.access_token.reveal() == "at"
    assert found.refresh_token is not None
    assert found.refresh_token.reveal() == "rt"
    assert (found.issued_at, found.expires_at) == (NOW, NOW + timedelta(hours=1))
    assert found.scopes == ("read", "write")


def test_an_answer_does_not_show_in_its_repr() -> None:
    shown = repr(issued(access_token="tok-7f3a9c", instance_url="https://x.example"))
    assert "tok-7f3a9c" not in shown
    assert "x.example" not in shown


def test_names_may_differ() -> None:
    acme = connector(
        oauth={
            "answer": {
                "access_token": "/authed_user/access_token",
                "refresh_token": "/authed_user/refresh_token",
                "expires_in": "/authed_user/expires_in",
                "scope": "/authed_user/scope",
                "scope_separator": ",",
            }
        }
    )
    user: JsonObject = {"access_token": "user", "refresh_token": "r", "expires_in": "60", "scope": "a,b"}
    found = issued(acme, authed_user=user)
    assert found.access_token.reveal() == "user"
    assert (found.expires_at, found.scopes) == (NOW + timedelta(minutes=1), ("a", "b"))


@pytest.mark.parametrize(
    ("scope", "scopes"),
    [("a b", ("a", "b")), (" a  b ", ("a", "b")), (["a", "b"], ("a", "b")), (None, None), (7, None), ({}, None)],
)
def test_scopes_are_a_text_or_a_list(scope: Json, scopes: tuple[str, ...] | None) -> None:
    assert issued(scope=scope).scopes == scopes


@pytest.mark.parametrize("body", [{"access_token": "at"}, {"access_token": "at", "refresh_token": None}])
def test_a_refresh_token_may_be_absent(body: JsonObject) -> None:
    found = read(answer(200, body))
    assert isinstance(found, Issued)
    assert found.refresh_token is None


@pytest.mark.parametrize("parameter", ["", "; charset=utf-8"])
def test_an_answer_may_be_a_form(parameter: str) -> None:
    body = b"access_token=a%2Bt&refresh_token=rt&expires_in=60&scope=a+b"
    found = read(httpx2.Response(200, headers={"Content-Type": FORM + parameter}, content=body))
    assert isinstance(found, Issued)
    assert found.access_token.reveal() == "a+t"
    assert (found.expires_at, found.scopes) == (NOW + timedelta(minutes=1), ("a", "b"))


def test_a_refusal_may_be_a_form() -> None:
    body = b"error=bad_verification_code&error_description=Too+late."
    response = httpx2.Response(200, headers={"Content-Type": FORM}, content=body)
    found = rejected(response)
    assert (found.code, found.message) == ("bad_verification_code", "Too late.")


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (200, b"<html>Welcome to the hotel's network</html>"),
        (200, b'{"access_token": "at", "refr'),
        (200, b""),
        (200, b"[]"),
        (200, b'{"token_type": "bearer"}'),
        (200, b'{"access_token": ""}'),
        (200, b'{"access_token": ["at"]}'),
        (200, b"\xff\xfe"),
        (200, b"[" * 100_000),
        (302, b'{"access_token": "at"}'),
        (500, b'{"access_token": "at"}'),
        (502, b"<html>Bad gateway</html>"),
        (404, b"<html>Not found</html>"),
        (401, b"<html>Sign in</html>"),
    ],
)
def test_an_answer_that_says_nothing_of_the_grant_is_transient_and_may_have_spent_the_token(
    status: int, content: bytes
) -> None:
    found = rejected(httpx2.Response(status, content=content))
    assert (found.class_, found.code, found.may_be_spent) == ("transient", f"http_{status}", True)


@pytest.mark.parametrize("status", [200, 400, 401])
def test_an_error_counts_also_in_a_success(status: int) -> None:
    found = rejected(answer(status, {"access_token": "at", "error": "invalid_grant", "error_description": "Gone."}))
    assert found == Rejected("terminal", "invalid_grant", "Gone.")


def test_a_connectors_rules_come_before_the_defaults() -> None:
    rules: JsonObject = {
        "token": {
            "failed_when": {"/ok": False},
            "code": ["/why"],
            "message": ["/words"],
            "rules": [{"class": "permission", "code": ["invalid_grant"]}],
        }
    }
    acme = connector(errors=rules)
    assert rejected(answer(200, {"ok": False, "why": "invalid_grant", "words": "Not now."}), acme) == Rejected(
        "permission", "invalid_grant", "Not now."
    )
    assert rejected(answer(400, {"error": "invalid_client"}), acme).class_ == "config"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("30", 30),
        ("0", 0),
        (" 7 ", 7),
        ("-1", None),
        ("soon", None),
        ("Fri, 01 Jan 2027 00:00:30 GMT", None),
        (b"\xb2", None),
        ("", None),
    ],
)
def test_retry_after_is_a_number_of_seconds(value: str | bytes, seconds: float | None) -> None:
    raw = value if isinstance(value, bytes) else value.encode()
    found = rejected(httpx2.Response(429, headers=[(b"Retry-After", raw)]))
    assert (found.class_, found.retry_after_s) == ("ratelimit", seconds)


@pytest.mark.parametrize(
    ("until", "seconds"),
    [
        ("Fri, 01 Jan 2027 00:00:30 GMT", 30),
        ("Friday, 01-Jan-27 00:00:30 GMT", 30),
        ("Fri, 01 Jan 2027 02:00:30 +0200", 30),
        ("Fri, 01 Jan 2027 00:00:00 GMT", 0),
        ("Thu, 31 Dec 2026 23:59:59 GMT", 0),
        ("Fri, 41 Jan 2027 00:00:30 GMT", None),
        ("Fri, 01 Jan 2027 00:00:30 -0000", None),
    ],
)
def test_a_retry_after_that_is_a_date_counts_from_the_answers_own(until: str, seconds: float | None) -> None:
    headers = [("Retry-After", until), ("Date", "Fri, 01 Jan 2027 00:00:00 GMT")]
    assert rejected(answer(429, None, headers)).retry_after_s == seconds


@pytest.mark.parametrize("date", ["", "today", "Fri, 41 Jan 2027 00:00:00 GMT"])
def test_a_date_without_a_date_to_count_from_is_ignored(date: str) -> None:
    headers = [("Retry-After", "Fri, 01 Jan 2027 00:00:30 GMT"), ("Date", date)]
    assert rejected(answer(429, None, headers)).retry_after_s is None


def test_a_rate_limit_did_not_spend_the_token() -> None:
    assert not rejected(answer(429)).may_be_spent


@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
@pytest.mark.parametrize("token", ["\ud800", "tök", "line\nbreak", "end\n", "\x7f"])
def test_a_token_outside_rfc_6749s_alphabet_is_not_believed(name: str, token: str) -> None:
    body = json.dumps({"access_token": "at", name: token}).encode()
    assert isinstance(read(httpx2.Response(200, content=body)), Rejected)


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity"])
def test_what_only_python_takes_for_json_is_none(number: bytes) -> None:
    found = rejected(httpx2.Response(200, content=b'{"access_token": "at", "expires_in": ' + number + b"}"))
    assert (found.class_, found.code) == ("transient", "http_200")


def test_a_long_code_is_cut() -> None:
    assert rejected(answer(400, {"error": "x" * 1000})).code == "x" * LONGEST_CODE


def test_a_refusals_words_are_short_and_harmless() -> None:
    found = read(
        answer(400, {"error": "\x1b[31mno\u202e" + "x" * 500, "error_description": "a\r\nb\u200b" + "y" * 5_000})
    )
    assert isinstance(found, Rejected)
    assert found.code == "no" + "x" * 78
    assert found.message == "a b" + "y" * 297


def test_a_form_of_too_many_fields_is_no_answer() -> None:
    many = httpx2.Response(200, content=b"access_token=at&" + b"a=1&" * 1_000, headers=FORM_TYPE)
    found = read(many)
    assert isinstance(found, Rejected)
    assert (found.class_, found.may_be_spent) == ("transient", True)


FORM_TYPE = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("stated", "ends_in_s"), [(604799, 604799), ("604799", 604799), (0, None), (-5, None), ("soon", None), (None, None)]
)
def test_the_end_of_a_refresh_token_is_read_where_it_is_stated(stated: Json, ends_in_s: int | None) -> None:
    found = read(answer(200, {"access_token": "a", "refresh_token": "r", "refresh_token_expires_in": stated}))
    assert isinstance(found, Issued)
    assert found.refresh_expires_at == (None if ends_in_s is None else NOW + timedelta(seconds=ends_in_s))
