"""The verdict can be a bad one: each promise, broken in what was written down, is found."""

from dataclasses import replace

import pytest
from tests.soak.record import Called, GaveUp, Held, Presented, Told, Torment
from tests.soak.verdict import Evidence, broken, expired, figures

KILLED = Torment("a", "kill", 1.05, 1.05)
PAUSED = Torment("a", "pause", 1.05, 3.25)
REQUIRED = Told("conn_1", "agent.auth.reauth_required", "rotation_lost")
COMPLETED = Told("conn_1", "agent.auth.reauth_completed", None)


def use(token: str, arrived: float, *, status: int = 200, worker: str = "a", policy: str = "strict") -> Presented:
    """A refresh token that came to the provider, and was answered 0.1 s later."""
    return Presented(worker, "refresh", f"soak_{policy}", token, arrived, arrived + 0.1, status)


def evidence(
    *presented: Presented,
    policy: str = "strict",
    generation: int = 1,
    torments: tuple[Torment, ...] = (),
    called: tuple[Called, ...] = (),
    told: tuple[Told, ...] = (),
    gave_up: tuple[GaveUp, ...] = (),
) -> Evidence:
    """What one account's soak left behind; without arguments, nothing happened and all is well."""
    account = Held("conn_1", policy, "active", None, generation, "result")
    return Evidence(
        list(presented), list(called), list(gave_up), list(torments), [account], list(told), [], "ok", orphans=False
    )


def lost(*torments: Torment, told: tuple[Told, ...] = (REQUIRED,)) -> Evidence:
    """A strict grant whose answer did not reach the vault: the re-send was refused."""
    answered, refused = use("one", 1.0), use("one", 5.0, status=400, worker="b")
    found = evidence(answered, refused, torments=torments, told=told)
    account = replace(found.held[0], state="reauth_required", cause="rotation_lost", settled="reauth_required")
    return replace(found, held=[account])


def test_a_soak_in_which_each_exchange_is_a_generation_is_good() -> None:
    assert broken(evidence(use("one", 1.0), use("two", 3.0), generation=3)) == []


@pytest.mark.parametrize("status", [0, 503])
def test_a_token_sent_again_after_no_answer_is_deliberate(status: int) -> None:
    found = evidence(use("one", 1.0, status=status), use("one", 3.0, worker="b"), generation=2)
    assert broken(found) == []
    assert (figures(found, "strict").resent, figures(found, "strict").double) == (1, 0)


def test_a_token_sent_again_after_its_receiver_was_killed_is_deliberate() -> None:
    uses = (use("one", 1.0, policy="grace_same"), use("one", 3.0, worker="b", policy="grace_same"))
    assert broken(evidence(*uses, policy="grace_same", generation=2, torments=(KILLED,))) == []


@pytest.mark.parametrize(("who", "at", "double"), [("a", 2.0, 0), ("a", 3.5, 1), ("c", 2.0, 1)])
def test_a_token_sent_again_after_nobody_waited_for_its_answer_any_more_is_deliberate(
    who: str, at: float, double: int
) -> None:
    uses = (use("one", 1.0, policy="grace_same"), use("one", 3.0, worker="b", policy="grace_same"))
    found = evidence(*uses, policy="grace_same", generation=2, gave_up=(GaveUp(who, "one", at),))
    assert figures(found, "grace_same").double == double


def test_a_token_sent_again_after_its_answer_is_a_double_use() -> None:
    uses = (use("one", 1.0, policy="grace_same"), use("one", 3.0, worker="b", policy="grace_same"))
    found = evidence(*uses, policy="grace_same", generation=2)
    assert figures(found, "grace_same").double == 1
    assert len(broken(found)) == 1


def test_a_token_sent_again_while_its_answer_is_awaited_is_a_double_use() -> None:
    found = evidence(use("one", 1.0, status=0), use("one", 1.05, worker="b"), generation=2)
    assert figures(found, "strict").double == 1


def test_a_token_that_never_rotates_may_be_sent_at_any_time() -> None:
    uses = (use("one", 1.0, policy="never"), use("one", 1.0, worker="b", policy="never"))
    assert broken(evidence(*uses, policy="never", generation=2)) == []


def test_a_loss_with_its_one_event_is_no_broken_promise_where_the_receiver_was_killed() -> None:
    found = lost(KILLED)
    assert broken(found) == []
    assert (figures(found, "strict").lost, figures(found, "strict").events) == (1, 1)


@pytest.mark.parametrize(
    "found",
    [
        lost(),
        lost(PAUSED),
        lost(KILLED, told=()),
        lost(KILLED, told=(REQUIRED, REQUIRED)),
        lost(KILLED, told=(replace(REQUIRED, cause="revoked"),)),
    ],
    ids=["answer not kept", "answer not kept after a pause", "no event", "two events", "another cause"],
)
def test_a_loss_of_our_own_or_told_wrongly_is_found(found: Evidence) -> None:
    assert broken(found) != []


def test_a_loss_under_a_policy_with_grace_is_a_dead_grant() -> None:
    uses = (use("one", 1.0, policy="grace_new"), use("one", 40.0, status=400, worker="b", policy="grace_new"))
    found = evidence(*uses, policy="grace_new", torments=(KILLED,), told=(REQUIRED,))
    assert figures(found, "grace_new").dead == 1
    assert "grace_new: 1 grants died" in broken(found)[0]


def test_events_of_an_account_take_turns() -> None:
    assert broken(evidence(told=(COMPLETED,))) != []


def test_an_exchange_that_the_vault_does_not_have_is_found() -> None:
    assert "the vault counts 0" in broken(evidence(use("one", 1.0)))[0]
    assert broken(evidence(use("one", 1.0), generation=3)) != []


def test_a_consent_is_a_generation_of_its_own() -> None:
    assert broken(evidence(called=(Called("person", "strict", "consent"),), generation=2)) == []


@pytest.mark.parametrize("code", ["token_expired", "reauth_required", "connection_fault"])
def test_a_call_that_fails_for_another_reason_than_the_provider_is_found(code: str) -> None:
    assert broken(evidence(called=(Called("a", "strict", "provider_unavailable"),))) == []
    assert "a call of a failed" in broken(evidence(called=(Called("a", "strict", code),)))[0]


def test_an_expired_token_is_excused_by_a_pause_only() -> None:
    late = Presented("a", "call", "", "access", 3.3, 3.4, 401, expired=True)
    assert expired(evidence(late, torments=(PAUSED,))) == 0
    assert expired(evidence(replace(late, worker="b"), torments=(PAUSED,))) == 1
    assert len(broken(evidence(late))) == 1


def test_damage_a_fallen_worker_and_an_orphan_are_found() -> None:
    good = evidence()
    for bad in (
        replace(good, integrity="row 1 missing from index"),
        replace(good, fallen=["worker-3 ended with 1"]),
        replace(good, orphans=True),
        replace(good, held=[replace(good.held[0], settled="provider_unavailable")]),
    ):
        assert len(broken(bad)) == 1
