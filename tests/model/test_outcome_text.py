"""Outcomes as text that can be kept."""

import pytest

from evergrant.model.outcome import FAILURES, Failure, InsufficientScope, Outcome, RateLimited, ReauthRequired, Result
from evergrant.model.outcome_text import from_text, to_text


def plain(kind: type[Failure]) -> Failure:
    return kind(account="conn_1", what_happened="Something.", what_to_do="Look.", provider_code="E1")


SAMPLES: tuple[Outcome, ...] = (
    Result(account="conn_1", label="Ada", content={"a": [1, 2.5, None, "\ud800", "é"]}),
    Result(account="conn_1", label="Ada", content=None, empty=True, note="Nothing."),
    *map(plain, FAILURES),
    ReauthRequired(what_happened="Dead.", what_to_do="Reconnect.", cause="revoked", reauth_url="http://x", call_id="c"),
    InsufficientScope(what_happened="Lacks.", what_to_do="Reconnect.", missing=("a", "b")),
    RateLimited(what_happened="Slow.", what_to_do="Wait.", retry_after_s=1.5),
)


@pytest.mark.parametrize("outcome", SAMPLES)
def test_an_outcome_comes_back_as_it_was(outcome: Outcome) -> None:
    text = to_text(outcome)

    assert from_text(text) == outcome
    assert text.isascii()


def test_every_kind_of_failure_is_known_and_has_a_code_of_its_own() -> None:
    # By name: a dataclass with slots is a second class, and the first one lives until it is collected.
    assert {kind.__name__ for kind in Failure.__subclasses__()} == {kind.__name__ for kind in FAILURES}
    assert len({kind.code for kind in FAILURES}) == len(FAILURES)


def test_a_field_of_a_newer_version_is_left_out() -> None:
    text = to_text(plain(RateLimited)).replace('"provider_code"', '"of_tomorrow"')

    assert from_text(text) == RateLimited(account="conn_1", what_happened="Something.", what_to_do="Look.")
