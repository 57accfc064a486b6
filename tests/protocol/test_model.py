"""The refresh protocol keeps its promises in every reachable state, and needs each of its rules to do so."""

from io import StringIO
from typing import Final

import pytest
from tests.protocol.ablations import ASSUMPTIONS, RULES, Ablation
from tests.protocol.explore import Found, explore
from tests.protocol.report import main
from tests.protocol.server_policies import SIX, WITH_GRACE, Policy
from tests.protocol.state import Faults, Lock, Rules, Setup

FAULTS: Final = {
    "nothing": Faults(),
    "a crash": Faults(crash=1),
    "lost messages": Faults(lost_request=1, lost_response=1),
    "a pause and a crash": Faults(crash=1, pause=1),
    "two pauses and the end of the grace": Faults(pause=2, grace_end=1),
    "a pause amid a consent": Faults(pause=1, consent=1),
    "a crash, a pause, a lost answer and the end of the grace": Faults(crash=1, lost_response=1, pause=1, grace_end=1),
    "a consent after the end of the grace": Faults(crash=1, grace_end=1, consent=1),
}
EVERYTHING: Final = Faults(*(1 for _ in Faults._fields))
LOCKS: Final[tuple[Lock, ...]] = ("kernel", "lease")
CRASHED: Final = {"CRASHES at answered", "the server carries out a dead process's request"}
ANSWER_LOST: Final = {"the server carries out its request, THE ANSWER IS LOST"}
ALL_RULES: Final = Rules()
KERNEL_NEEDS: Final = Rules(
    guard=False,
    guard_asks_again=False,
    floor=False,
    candidates=False,
    candidate_first=False,
    previous=False,
    grace_margin=False,
)


def kept(setup: Setup) -> Found:
    """The whole exploration of a setup that breaks no promise."""
    found = explore(setup)
    assert not found.broken, "\n".join((found.broken, *found.counterexample))
    assert found.complete
    return found


def kernel(policy: Policy, faults: Faults, rules: Rules = ALL_RULES, clients: int = 2, generations: int = 2) -> Setup:
    """A kernel lock, with nothing assumed about pauses."""
    return Setup(
        policy, "kernel", faults, clients, generations, rules, guard_is_atomic=False, pause_outlasts_token=True
    )


def lease(policy: Policy, faults: Faults, clients: int = 2) -> Setup:
    return Setup(policy, "lease", faults, clients)


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS.keys())
@pytest.mark.parametrize("policy", SIX)
def test_the_protocol_keeps_its_promises_with_a_lease(policy: Policy, faults: Faults) -> None:
    kept(lease(policy, faults))


@pytest.mark.parametrize("policy", Policy)
def test_the_protocol_keeps_its_promises_with_a_kernel_lock_whatever_fails(policy: Policy) -> None:
    kept(kernel(policy, EVERYTHING))


@pytest.mark.parametrize("policy", Policy)
def test_three_clients_and_three_generations_keep_the_promises(policy: Policy) -> None:
    kept(kernel(policy, Faults(crash=1, lost_response=1, pause=1), clients=3, generations=3))
    kept(lease(policy, Faults(crash=1, pause=1), clients=3))


@pytest.mark.parametrize("ablation", RULES, ids=[ablation.name for ablation in RULES])
def test_without_this_rule_a_promise_breaks(ablation: Ablation) -> None:
    kept(ablation.mended())
    found = explore(ablation.setup)
    assert (found.broken, bool(found.counterexample)) == (ablation.breaks, True)


@pytest.mark.parametrize("assumption", ASSUMPTIONS, ids=[assumption.name for assumption in ASSUMPTIONS])
def test_a_lease_needs_this_assumption_and_a_kernel_lock_does_not(assumption: Ablation) -> None:
    assert explore(assumption.setup).broken == assumption.breaks
    kept(assumption.setup._replace(lock="kernel"))


@pytest.mark.parametrize("policy", Policy)
def test_a_kernel_lock_needs_only_the_wait_the_second_look_and_success_by_generation(policy: Policy) -> None:
    kept(kernel(policy, EVERYTHING, KERNEL_NEEDS))


def test_the_shortest_counterexample_reads_as_steps() -> None:
    no_guard = next(ablation for ablation in RULES if not ablation.setup.rules.guard)
    assert explore(no_guard.setup).counterexample == (
        "attempt 1 (token 0 of generation 0): takes the lock and writes its intent",
        "attempt 1 (token 0 of generation 0): IS PAUSED; its lease runs out",
        "attempt 2 (token 0 of generation 0, again): takes the lock and writes its intent",
        "attempt 2 (token 0 of generation 0, again): sends its request",
        "attempt 1 (token 0 of generation 0): sends its request",
    )


@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.parametrize("policy", [Policy.STRICT, Policy.STRICT_FAMILY])
@pytest.mark.parametrize(("fault", "where"), [("crash", CRASHED), ("lost_response", ANSWER_LOST)])
def test_strict_rotation_loses_between_the_servers_commit_and_ours(
    policy: Policy, lock: Lock, fault: str, where: set[str]
) -> None:
    found = kept(Setup(policy, lock, Faults()._replace(**{fault: 1})))
    assert set(found.losses) == where
    assert found.reauths > 0  # a loss is told


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("lock", LOCKS)
def test_nothing_is_lost_without_a_crash_or_a_lost_answer(policy: Policy, lock: Lock) -> None:
    found = kept(Setup(policy, lock, Faults(lost_request=1, pause=1, grace_end=1)))
    assert (found.losses, found.reauths) == ({}, 0)


@pytest.mark.parametrize("policy", [Policy.NEVER, Policy.UNTIL_USED])
def test_a_provider_that_takes_the_old_token_again_loses_nothing(policy: Policy) -> None:
    found = kept(kernel(policy, EVERYTHING))
    assert (found.losses, found.reauths) == ({}, 0)


@pytest.mark.parametrize("policy", sorted(WITH_GRACE))
def test_a_grace_loses_nothing_before_it_ends(policy: Policy) -> None:
    lasting = kept(kernel(policy, EVERYTHING._replace(grace_end=0)))
    ending = kept(kernel(policy, Faults(crash=1, grace_end=1)))
    assert (lasting.losses, lasting.reauths) == ({}, 0)
    assert set(ending.losses) == {"the grace ends", "CRASHES at answered"}


def test_the_report_gives_states_seconds_losses_and_every_counterexample() -> None:
    page = StringIO()
    assert main(["--policy", "strict", "never", "--lock", "kernel"], page.write) == 0
    assert page.getvalue().count("keeps its promises") == 2
    assert all(ablation.name in page.getvalue() for ablation in RULES)


def test_the_six_policies_are_the_documented_ones() -> None:
    assert [policy.value for policy in SIX] == [
        "never",
        "until_used",
        "grace_same",
        "grace_new",
        "strict",
        "strict_family",
    ]
