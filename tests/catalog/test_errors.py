import json
from collections.abc import Mapping

import httpx2
import pytest
from pydantic import ValidationError

from evergrant.catalog.errors import ErrorRule, ErrorTable, api_defaults, token_defaults
from evergrant.model.json import Json, JsonObject


def table(*rules: JsonObject, **more: Json) -> ErrorTable:
    return ErrorTable.model_validate({"code": ["/error", "/reason"], "message": ["/text"], "rules": rules, **more})


def classified(of: ErrorTable, status: int, body: Json = None, headers: Mapping[str, str] | None = None) -> str | None:
    return of.classify(status, httpx2.Headers(headers or {}), body)


@pytest.mark.parametrize(("status", "class_"), [(401, "refresh"), (403, "refresh"), (402, None), (200, None)])
def test_a_rule_may_name_statuses(status: int, class_: str | None) -> None:
    assert classified(table({"class": "refresh", "status": [401, 403]}), status) == class_


@pytest.mark.parametrize("status", [True, "401", "4xx", 401.5])
def test_a_status_is_a_number(status: Json) -> None:
    whole = {"class": "refresh", "status": status}
    with pytest.raises(ValidationError):
        ErrorRule.model_validate_json(json.dumps(whole), strict=True)


def test_a_single_status_needs_no_list() -> None:
    assert classified(table({"class": "refresh", "status": 401}), 401) == "refresh"


@pytest.mark.parametrize(
    ("body", "class_"),
    [
        ({"error": "gone"}, "terminal"),
        ({"reason": "gone"}, "terminal"),
        ({"error": "other", "reason": "gone"}, "terminal"),
        ({"error": "Gone"}, None),
        ({"error": "gone for good"}, None),
        ({"other": "gone"}, None),
        ({"error": ["gone"]}, None),
        (["gone"], None),
        ("gone", None),
        (None, None),
    ],
)
def test_a_rule_may_name_codes_which_stand_whole_at_a_pointer(body: Json, class_: str | None) -> None:
    assert classified(table({"class": "terminal", "code": ["gone", "dead"]}), 400, body) == class_


def test_a_code_may_be_a_number() -> None:
    assert classified(table({"class": "ratelimit", "code": ["429"]}), 400, {"error": 429}) == "ratelimit"


@pytest.mark.parametrize(("value", "class_"), [("ip restricted", "permission"), ("the ip restricted", None)])
def test_a_rule_may_name_a_value_at_any_pointer(value: str, class_: str | None) -> None:
    rules = table({"class": "permission", "at": {"/error_description": ["ip restricted"]}})
    assert classified(rules, 400, {"error_description": value}) == class_


@pytest.mark.parametrize(("value", "class_"), [("bad", "refresh"), ("bad luck", None)])
def test_a_rule_may_name_a_header_in_any_case(value: str, class_: str | None) -> None:
    rules = table({"class": "refresh", "header": {"X-Auth": ["bad"]}})
    assert classified(rules, 400, None, {"x-auth": value}) == class_


def test_every_condition_of_a_rule_must_hold() -> None:
    rule = table({"class": "terminal", "status": 400, "code": ["gone"], "at": {"/x": [1]}, "header": {"a": ["b"]}})
    whole: JsonObject = {"error": "gone", "x": 1}
    assert classified(rule, 400, whole, {"a": "b"}) == "terminal"
    assert classified(rule, 401, whole, {"a": "b"}) is None
    assert classified(rule, 400, {**whole, "error": "x"}, {"a": "b"}) is None
    assert classified(rule, 400, {**whole, "x": 2}, {"a": "b"}) is None
    assert classified(rule, 400, whole) is None


def test_the_first_rule_that_matches_wins() -> None:
    rules = table({"class": "ratelimit", "status": 403, "code": ["quota"]}, {"class": "permission", "status": 403})
    assert classified(rules, 403, {"error": "quota"}) == "ratelimit"
    assert classified(rules, 403, {"error": "other"}) == "permission"
    assert classified(rules, 404, {"error": "quota"}) is None


def test_code_and_message_come_from_the_first_pointer_that_has_one() -> None:
    rules = table()
    assert rules.code_of({"error": "", "reason": "second"}) == "second"
    assert rules.code_of({}) is None
    assert rules.message_of({"text": "in words"}) == "in words"
    assert rules.message_of(None) is None


@pytest.mark.parametrize(
    ("status", "body", "failed"),
    [
        (200, {"ok": True}, False),
        (200, {"ok": False}, True),
        (200, {}, False),
        (400, {"ok": True}, True),
        (204, None, False),
    ],
)
def test_a_failure_may_hide_in_a_success(status: int, body: Json, failed: bool) -> None:
    assert table(failed_when={"/ok": False}).failed(status, body) is failed


@pytest.mark.parametrize(
    ("status", "code", "class_"),
    [
        (400, "invalid_grant", "terminal"),
        (401, "invalid_grant", "terminal"),
        (400, "invalid_client", "config"),
        (401, "invalid_client", "config"),
        (400, "unauthorized_client", "config"),
        (400, "unsupported_grant_type", "config"),
        (400, "invalid_scope", "config"),
        (400, "invalid_request", "config"),
        (400, "redirect_uri_mismatch", "config"),
        (400, "temporarily_unavailable", "transient"),
        (400, "slow_down", "transient"),
        (400, "something_new", None),
        (401, None, None),
        (403, None, None),
        (404, None, None),
        (408, None, "transient"),
        (409, None, "transient"),
        (425, None, "transient"),
        (429, None, "ratelimit"),
        (429, "invalid_grant", "ratelimit"),
        (500, None, "transient"),
        (500, "invalid_grant", "transient"),
        (503, "invalid_client", "transient"),
        (599, None, "transient"),
    ],
)
def test_what_a_token_endpoint_means_where_its_connector_is_silent(
    status: int, code: str | None, class_: str | None
) -> None:
    assert classified(token_defaults(), status, {"error": code} if code else None) == class_


@pytest.mark.parametrize(
    ("status", "class_"),
    [
        (400, None),
        (401, "refresh"),
        (403, "permission"),
        (404, None),
        (408, "transient"),
        (409, None),
        (425, "transient"),
        (429, "ratelimit"),
        (500, "transient"),
        (503, "transient"),
    ],
)
def test_what_an_api_means_where_its_connector_is_silent(status: int, class_: str | None) -> None:
    assert classified(api_defaults(), status) == class_
