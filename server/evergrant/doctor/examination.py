"""The whole examination, in the order of the report; a check that fails costs its own lines and no others."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

import httpx2

from evergrant.catalog.catalog import Catalog
from evergrant.doctor import accounts as of_accounts
from evergrant.doctor import asking, clients, clock, google, keychain, machine, port, vault
from evergrant.doctor import connections as of_connections
from evergrant.doctor import server as of_server
from evergrant.doctor import webhooks as of_webhooks
from evergrant.doctor.asking import Asked
from evergrant.doctor.database import sqlite_version
from evergrant.doctor.finding import Finding, note, walled
from evergrant.doctor.outside import Machine, Outside
from evergrant.doctor.server import Server
from evergrant.paths import socket_path
from evergrant.settings import Settings
from evergrant.store.steady import set_back
from evergrant.vault.bearer import local_bearer
from evergrant.vault.keys import MasterKey


class Group(NamedTuple):
    """Findings about one thing."""

    title: str
    findings: list[Finding]


def examine_machine(the: Machine) -> Group:
    """What can be said without any setting."""
    findings = [
        *walled("system", lambda: [machine.system(the.platform)]),
        *walled("python", lambda: [machine.python(the.python)]),
        *walled("packages", lambda: machine.packages(the.tested(), the.installed(), the.python_path)),
        *walled("sqlite", lambda: [sqlite_version(the.sqlite)]),
    ]
    return Group("Machine", findings)


def examine(settings: Settings, outside: Outside, *, offline: bool) -> Iterator[Group]:
    """All groups, each when it is known. Nothing in the vault's folder is made or changed."""
    all_of = _Examination(settings, outside, offline)
    yield examine_machine(outside.machine)
    yield Group("Vault", all_of.vault())
    yield Group("Clock", [*walled("clock", all_of.clock), *walled("clock, network", all_of.network_time)])
    yield Group("Server", [*walled("server", all_of.server), *walled("port", all_of.port)])
    yield Group("Clients", walled("clients", all_of.clients))
    yield Group("Connections", [*walled("connectors", all_of.connectors), *all_of.kept("connections")])
    yield Group("Accounts", all_of.kept("accounts"))
    yield Group("Webhooks", all_of.kept("webhooks"))


@dataclass(slots=True)
class _Examination:
    """Each check goes on with what those before it have learnt, as far as they came."""

    settings: Settings
    outside: Outside
    offline: bool
    read: vault.Read = field(default_factory=vault.Read)
    running: Server | None = None
    behind: timedelta = timedelta(0)
    catalog: Catalog | None = None

    @property
    def platform(self) -> str:
        return self.outside.machine.platform

    def vault(self) -> list[Finding]:
        looked = keychain.look(self.outside.find_keychain)

        def look() -> Iterator[Finding]:
            self.read = vault.read_vault(self.settings, self.outside, looked)
            yield from vault.findings(self.settings, self.outside, looked, self.read)

        return walled("vault", look)

    def clock(self) -> Iterator[Finding]:
        place, boot_id = self.settings.home / "run" / "clock", self.outside.machine.boot_id
        behind = set_back(self.outside.clock, place, boot_id)
        self.behind = behind or timedelta(0)
        yield clock.against_the_vault(behind, self.platform)

    def network_time(self) -> Iterator[Finding]:
        if self.offline:
            yield note("clock, network", "Not asked (--offline).")
            return
        used = {each.connector for each in self.read.overview.connections}
        endpoints = [each.oauth.token_endpoint for name, each in self._catalog().connectors().items() if name in used]
        hosts = dict.fromkeys(
            urlsplit(url).netloc for url in endpoints if url and url.startswith("https://") and "{" not in url
        )
        told: list[clock.Told] = []
        if hosts:
            with self.outside.network() as http:
                told = clock.until_one_answers(clock.ask(host, http, self.outside.clock) for host in hosts)
        yield clock.against_the_network(told, self.platform)

    def server(self) -> Iterator[Finding]:
        self.running = server = self.outside.running()
        yield of_server.runs(server, len(self.read.overview.accounts), self.settings.home)
        if server is None:
            return
        asked = asking.over_socket(socket_path(self.settings.home))
        yield of_server.answers("server, socket", server, asked)
        if asked.version:
            yield of_server.version(server, asked.version, self.outside.machine.ours)
        if url := of_server.local_url(server):
            with self.outside.here() as http:
                for wire, answer in self._over_http(url, http):
                    yield of_server.answers(wire, server, answer)
        else:
            yield of_server.elsewhere(server)

    def _over_http(self, url: str, http: httpx2.Client) -> Iterator[tuple[str, Asked]]:
        yield "server, HTTP", asking.healthz(http, url)
        if isinstance(self.read.key, MasterKey):
            yield "server, MCP over HTTP", asking.over_http(http, url, local_bearer(self.read.key.ring))

    def port(self) -> Iterator[Finding]:
        yield from port.host(self.settings.host)
        at, number = self.running.url if self.running else None, self.settings.port
        why_not = None if at else self.outside.bind()
        holder = self.outside.holder(number) if why_not else None
        yield port.port(number, at, why_not, holder, self.platform)

    def clients(self) -> Iterator[Finding]:
        command = str(self.outside.command())
        for file in self.outside.clients():
            yield clients.client(file, command, self.settings.home, self.outside.usual_home)

    def kept(self, name: Literal["connections", "accounts", "webhooks"]) -> list[Finding]:
        """What the database tells; nothing is said to be in order that could not be read."""
        if self.read.unread:
            return [note(name, "Not looked at, since the database cannot be read.")]
        looks = {
            "connections": ((name, self.redirect_uris), (name, self.connections)),
            "accounts": ((name, self.accounts), (google.CHECK, self.google)),
            "webhooks": ((name, self.webhooks),),
        }
        return [finding for check, look in looks[name] for finding in walled(check, look)]

    def redirect_uris(self) -> Iterator[Finding]:
        server = self.running.url if self.running else self.settings.url
        known = self._catalog().connectors().items()
        any_port = {name for name, each in known if each.redirect.loopback == "any_port"}
        return port.redirect_uris(self.read.overview.connections, server, any_port)

    def connectors(self) -> Iterator[Finding]:
        catalog = self._catalog()
        known = catalog.connectors()
        for name in known:
            catalog.tools(name)  # what is wrong with them shows when they are read
        return of_connections.connectors(self.read.overview, known, catalog.faults)

    def connections(self) -> Iterator[Finding]:
        return of_connections.connections(self.read.overview)

    def accounts(self) -> Iterator[Finding]:
        around = of_accounts.Circumstances(
            now=self._now(),
            serving=self.running is not None,
            restart=of_server.restart(self.running) if self.running else "Start it: evergrant serve",
            connectors=self._catalog().connectors(),
        )
        return of_accounts.accounts(self.read.overview, around)

    def webhooks(self) -> Iterator[Finding]:
        return of_webhooks.webhooks(self.read.overview)

    def google(self) -> Iterator[Finding]:
        return google.testing_mode(self.read.overview, self._catalog().connectors(), self._now())

    def _now(self) -> datetime:
        """The vault's time, which the machine's may have been set back behind."""
        return self.outside.clock.now() + self.behind

    def _catalog(self) -> Catalog:
        if self.catalog is None:
            self.catalog = self.outside.catalog()
        return self.catalog
