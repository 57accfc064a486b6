"""Whether the promises were kept, judged from what provider, callers, tormentor and vault have written down."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from tests.soak.plan import POLICIES
from tests.soak.record import Called, GaveUp, Held, Presented, Told, Torment

SLACK_S = 1.0
"""A process just woken may still send what it prepared before it was stopped."""
ALLOWED = {"result", "provider_unavailable", "consent", "consent_failed"}
REQUIRED, COMPLETED = "agent.auth.reauth_required", "agent.auth.reauth_completed"


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that was written down."""

    presented: list[Presented]
    called: list[Called]
    gave_up: list[GaveUp]
    torments: list[Torment]
    held: list[Held]
    told: list[Told]
    fallen: list[str]
    integrity: str
    orphans: bool

    def of(self, policy: str) -> list[Presented]:
        """The refreshes of one policy, as they came in."""
        mine = (one for one in self.presented if one.kind == "refresh" and one.client == f"soak_{policy}")
        return sorted(mine, key=lambda one: one.arrived)


@dataclass(frozen=True, slots=True)
class Figures:
    """What a soak came to, for one policy."""

    policy: str
    calls: int
    """That gave a result."""
    unavailable: int
    refreshes: int
    """Granted by the provider."""
    resent: int
    """Deliberate re-sends of a token whose answer was lost, or might have been."""
    lost: int
    """Grants that ended with such a re-send, where the policy makes that unavoidable."""
    dead: int
    """Grants that ended otherwise."""
    double: int
    """Uses of a token whose answer had arrived, or was still awaited."""
    events: int


def figures(evidence: Evidence, policy: str) -> Figures:
    """One policy's figures."""
    calls = [one.code for one in evidence.called if one.policy == policy]
    repeats = list(_repeats(evidence.of(policy))) if POLICIES[policy].rotates else []
    double = sum(not _deliberate(evidence, first, second) for first, second in repeats)
    lost = len(losses(evidence, policy))
    dead = sum(one.state != "active" for one in evidence.held if one.policy == policy)
    return Figures(
        policy=policy,
        calls=calls.count("result"),
        unavailable=calls.count("provider_unavailable"),
        refreshes=sum(one.status == 200 for one in evidence.of(policy)),
        resent=len(repeats) - double,
        lost=lost if POLICIES[policy].may_lose else 0,
        dead=0 if POLICIES[policy].may_lose else max(lost, dead),
        double=double,
        events=len(_required(evidence, policy)),
    )


def losses(evidence: Evidence, policy: str) -> dict[str, list[Presented]]:
    """The refresh tokens that the provider refused, each with everything that was done with it."""
    by_token: dict[str, list[Presented]] = defaultdict(list)
    for one in evidence.of(policy):
        by_token[one.credential].append(one)
    return {token: uses for token, uses in by_token.items() if any(use.status == 400 for use in uses)}


def expired(evidence: Evidence) -> int:
    """Calls with an expired token by processes that were not stopped between the check and the send."""
    return sum(one.expired and not _stopped(evidence, one) for one in evidence.presented)


def broken(evidence: Evidence) -> list[str]:
    """The promises that were not kept, each in a sentence; empty where all were."""
    policies = sorted({one.policy for one in evidence.held})
    found = [line for policy in policies for line in _broken_by(evidence, policy)]
    if count := expired(evidence):
        found.append(f"{count} calls were sent with an expired token by a process that was not stopped.")
    if evidence.integrity != "ok":
        found.append(f"The vault's file is damaged: {evidence.integrity}")
    found += [f"A worker fell: {one}." for one in evidence.fallen]
    return [*found, "A process was left behind."] if evidence.orphans else found


def _broken_by(evidence: Evidence, policy: str) -> Iterator[str]:
    figure = figures(evidence, policy)
    if figure.dead:
        yield f"{policy}: {figure.dead} grants died, and this policy permits to keep them all."
    if figure.double:
        yield f"{policy}: {figure.double} refresh tokens were spent again though their answer had arrived."
    yield from _wrong_calls(evidence, policy, figure.lost)
    yield from _wrong_losses(evidence, policy)
    yield from _wrong_events(evidence, policy, figure.lost + figure.dead)
    yield from _wrong_books(evidence, policy, figure)


def _wrong_calls(evidence: Evidence, policy: str, lost: int) -> Iterator[str]:
    allowed = ALLOWED | {"reauth_required"} if lost else ALLOWED
    for one in evidence.called:
        if one.policy == policy and one.code not in allowed:
            yield f"{policy}: a call of {one.worker} failed: {one.why or one.code}"
    for held in evidence.held:
        if held.policy == policy and held.settled not in allowed - {"provider_unavailable"}:
            yield f"{policy}: with the faults gone, {held.account} gives {held.settled}."


def _wrong_losses(evidence: Evidence, policy: str) -> Iterator[str]:
    """A loss is nobody's fault only where the answer was dropped on its way, or came too late for its receiver."""
    for uses in losses(evidence, policy).values():
        granted = next((use for use in uses if use.status == 200), None)
        if granted is not None and not _unheard(evidence, granted, uses[-1].arrived):
            yield f"{policy}: {granted.worker} got an answer that it did not keep, and the grant was lost."


def _wrong_events(evidence: Evidence, policy: str, lost: int) -> Iterator[str]:
    required = _required(evidence, policy)
    if len(required) != lost:
        yield f"{policy}: {lost} grants were lost, and {len(required)} events tell of it."
    if causes := {str(event.cause) for event in required} - {"rotation_lost"}:
        yield f"{policy}: grants were declared dead with cause {', '.join(sorted(causes))}."
    for held in evidence.held:
        types = [event.type for event in evidence.told if event.account == held.account]
        if held.policy == policy and any(one == following for one, following in pairwise([COMPLETED, *types])):
            yield f"{policy}: the events of {held.account} do not take turns: {', '.join(types)}"


def _wrong_books(evidence: Evidence, policy: str, figure: Figures) -> Iterator[str]:
    """Each exchange that the provider granted is one generation in the vault, unless its answer was lost."""
    granted = {use.credential for use in evidence.of(policy) if use.status == 200}
    answered_twice = 0 if POLICIES[policy].rotates else figure.refreshes - len(granted)
    consents = sum(one.policy == policy and one.code == "consent" for one in evidence.called)
    accounts = [one for one in evidence.held if one.policy == policy]
    stored = sum(one.generation for one in accounts) - len(accounts) - consents
    kept = len(granted) - sum(any(use.status == 200 for use in uses) for uses in losses(evidence, policy).values())
    if not kept <= stored <= kept + answered_twice:
        yield f"{policy}: {kept} exchanges were granted and not lost, and the vault counts {stored}."


def _repeats(uses: list[Presented]) -> Iterator[tuple[Presented, Presented]]:
    last: dict[str, Presented] = {}
    for use in uses:
        if use.credential in last:
            yield last[use.credential], use
        last[use.credential] = use


def _deliberate(evidence: Evidence, first: Presented, second: Presented) -> bool:
    """Whether the first use was over without an answer to anyone when the second came."""
    unanswered = first.status != 200 and first.ended <= second.arrived
    return unanswered or _unheard(evidence, first, second.arrived) or _paused_during(evidence, first)


def _unheard(evidence: Evidence, use: Presented, until: float) -> bool:
    """Whether whoever was to have the answer was killed before that, or had stopped waiting for it."""
    gave_up = any(
        (one.worker, one.credential) == (use.worker, use.credential) and use.arrived <= one.at <= until
        for one in evidence.gave_up
    )
    return gave_up or _killed_during(evidence, use, until)


def _killed_during(evidence: Evidence, use: Presented, until: float) -> bool:
    return any(
        one.kind == "kill" and one.worker == use.worker and use.arrived <= one.began <= until
        for one in evidence.torments
    )


def _paused_during(evidence: Evidence, use: Presented) -> bool:
    return any(
        one.kind == "pause"
        and one.worker == use.worker
        and one.began <= use.ended + SLACK_S
        and one.ended >= use.arrived
        for one in evidence.torments
    )


def _stopped(evidence: Evidence, use: Presented) -> bool:
    return any(
        one.kind == "pause" and one.worker == use.worker and one.began <= use.arrived <= one.ended + SLACK_S
        for one in evidence.torments
    )


def _required(evidence: Evidence, policy: str) -> list[Told]:
    mine = {one.account for one in evidence.held if one.policy == policy}
    return [event for event in evidence.told if event.account in mine and event.type == REQUIRED]
