"""What happened in a run, counted where it happened and read afterwards."""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Tally:
    """Counts of what the sandbox did, whether or not its answer arrived."""

    token_requests: dict[str, int] = field(default_factory=dict[str, int])
    """By grant_type, clients that failed to authenticate included."""
    grants_issued: int = 0
    refreshes: int = 0
    """Refresh requests that were granted."""
    refresh_invalid_grant: int = 0
    """Refresh requests answered invalid_grant, for whatever reason."""
    spent_resent: int = 0
    """Refresh tokens presented again that the rotation policy still served."""
    spent_presented: int = 0
    """Refresh tokens presented again and refused: what a strict provider calls reuse."""
    revocations: int = 0
    """Revocation requests that were carried out, tokens that nobody knows included."""
    grants_dead: int = 0
    api_ok: int = 0
    api_expired_token: int = 0
    api_revoked_token: int = 0
    api_unknown_token: int = 0
    writes: int = 0
    """Contacts created, changed or deleted, and rows appended; idempotent replays are not writes."""
    faults: dict[str, int] = field(default_factory=dict[str, int])
    """By kind of fault."""


@dataclass
class Count(Tally):
    """The whole run, and each client's share. What names no known client counts in the whole only."""

    by_client: dict[str, Tally] = field(default_factory=dict[str, Tally])

    def each(self, client_id: str | None) -> Iterator[Tally]:
        """The tallies that something done by this client counts in."""
        yield self
        if client_id is not None:
            yield self.by_client.setdefault(client_id, Tally())


def one_more(table: dict[str, int], key: str) -> None:
    """Raise the count under `key` by one."""
    table[key] = table.get(key, 0) + 1
