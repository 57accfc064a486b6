"""What happened in the demo's scenes, in values that can be printed and stored."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Storm:
    """Calls made at once with a token that had expired while no job ran."""

    service: str
    at: str
    """Virtual time of day, HH:MM."""
    calls: int
    refreshes: int
    """How many the provider granted meanwhile."""
    failed: int


@dataclass(frozen=True, slots=True)
class Crash:
    """A process killed in the middle of a refresh, and the calls that met what it left behind."""

    service: str
    at: str
    failpoint: str
    killed: bool
    """Whether SIGKILL ended the process."""
    refreshes_of_victim: int
    """What the provider granted to a process that could not keep it."""
    waited_s: float
    """How long the calls waited until the victim's request could no longer be under way."""
    storm: Storm


@dataclass(frozen=True, slots=True)
class Revocation:
    """A grant ended at the provider, and what became of the calls that needed it."""

    service: str
    at: str
    reconnected_at: str
    event_after_s: float | None
    """Virtual seconds until `agent.auth.reauth_required` had reached the operator, signed; None where it never did."""
    paused: int
    untold: int
    """Calls that were told of it before the operator was."""
    resumed: int
    """Paused calls that returned their result after the reconnect."""
    others_went_on: int
    """Results of the other services meanwhile."""


@dataclass(frozen=True, slots=True)
class EventSeen:
    """One entry of the outbox."""

    at: str
    event: str
    service: str


@dataclass(frozen=True, slots=True)
class Deliveries:
    """What the operator's web service got of the outbox."""

    events: int
    received: int
    """With a good signature, each counted once."""
    refused: int
    """Messages without one."""


@dataclass(frozen=True, slots=True)
class ServiceReport:
    """One service's day. What its token endpoint and its API met was counted there, the rest by the agent."""

    service: str
    title: str
    token_life_s: int
    refreshes_if_used_up: int
    """How often a token that is used until it expires would be replaced in that many hours."""
    refreshes_least: int
    refreshes_most: int
    """What renewal at 60 to 90 % of the life comes to, given the time in which the grant was kept alive."""
    refreshes: int
    calls: int
    results: int
    paused: int
    resumed: int
    failed: dict[str, int]
    """By code."""
    expired_token_sends: int
    double_refreshes: int
    """Refresh tokens presented again and refused."""
    resends: int
    """Refresh tokens presented again on purpose, after an answer that was lost, and served."""
    silent_skips: int
    rows_written: int
    """Rows whose call returned a result."""
    rows_wrong: int
    """Rows that the provider lacks, has twice, or has though their call failed."""
    lost_grants: int
