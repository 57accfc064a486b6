"""When the exchange of a due account may start: its connection is not in trouble, its host is not hurried."""

from dataclasses import dataclass

from evergrant.catalog.account_value import BadAccountValue
from evergrant.catalog.catalog import Catalog
from evergrant.tokens.breaker import Breakers
from evergrant.tokens.pace import Pace
from evergrant.tokens.places import token_host
from evergrant.vault.agenda import Due

PROBE_ANSWER_S = 1.0
"""A probe that is due is on its way: its answer takes a moment."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Breaker, pace of the token host and pace of the connection, asked as one."""

    catalog: Catalog | None
    breakers: Breakers
    hosts: Pace
    connections: Pace

    def host(self, due: Due) -> str:
        """The token host of an account; the connector's name where the host cannot be told."""
        if self.catalog is None:
            return due.connector
        try:
            return token_host(self.catalog.connector(due.connector), due.values)
        except (LookupError, BadAccountValue):
            return due.connector

    def admits(self, due: Due) -> bool:
        """Whether the account's connection may be used now."""
        return self.breakers.admits(due.connection_id)

    def take(self, due: Due) -> float:
        """Take one from the paces; returns 0, or seconds to wait where that cannot be and nothing was taken."""
        host = self.host(due)
        wait = self._wait_s(due, host)
        if not wait:
            self.hosts.take(host)
            self.connections.take(due.connection_id)
        return wait

    def _wait_s(self, due: Due, host: str) -> float:
        if not self.admits(due):
            return max(self.breakers.wait_s(due.connection_id), PROBE_ANSWER_S)
        return max(self.hosts.wait_s(host), self.connections.wait_s(due.connection_id))
