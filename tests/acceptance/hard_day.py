"""A day on which everything goes wrong, and all that is said of it: results, failures, pages, events, tracebacks."""

import json
import sqlite3
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx2
from mcp import Client
from mcp.shared.exceptions import MCPError
from tests.fakes.canaries import Eavesdropper, fresh_canary
from tests.fakes.consent import approve, deny
from tests.fakes.practice import Practice
from tests.fakes.receiver import receiving, takes_all

from evergrant.events.target import BadTarget
from evergrant.model.account import AccountKey, ConnectedAccount
from evergrant.model.json import JsonObject
from evergrant.model.link import Link
from evergrant.model.outcome import Failure
from evergrant.model.secret import Secret
from evergrant.oauth.flow import parse_redirect
from evergrant.sandbox.faults import Fault, FaultKind, Where
from evergrant.service.consent import ConsentFailed
from evergrant.settings import LOCAL_TENANT
from evergrant.store.database import StoreUnavailable

IN_PLACE_OF_AN_ANSWER = (FaultKind.STATUS_503, FaultKind.STATUS_429, FaultKind.HTML, FaultKind.ERROR_IN_200)
ERRORS = ("server_error", "invalid_client", "invalid_grant", "slow_down")
SITE = "http://localhost:8484"
LIFE_S = 1801
CALLS: tuple[tuple[str, JsonObject], ...] = (
    ("sandbox_search_contacts", {"query": "bakery"}),
    ("sandbox_create_contact", {"name": "Ada Byron"}),
    ("sandbox_get_contact", {"contact_id": "con_nowhere"}),
    ("sandbox_search_contacts", {"limit": "many"}),
    ("sandbox_no_such_tool", {}),
)


@dataclass
class Trap:
    """A fail point at which a test has something happen, once."""

    point: str = ""
    strike: Callable[[], None] | None = None

    def __call__(self, point: str) -> None:
        if self.strike and point == self.point:
            strike, self.strike = self.strike, None
            strike()

    def set(self, point: str, strike: Callable[[], None]) -> None:
        """Have this happen at that point."""
        self.point, self.strike = point, strike


@dataclass
class HardDay:
    """Plays the day; `said` is everything that anybody was told, `came_to` how often a call ended in what."""

    practice: Practice
    wire: Eavesdropper
    trap: Trap
    client: Client
    browser: httpx2.AsyncClient
    said: list[str] = field(default_factory=list[str])
    came_to: Counter[str] = field(default_factory=Counter[str])
    people: int = 0
    rescued: int = 0
    """How often the rescue spool held a token that the database did not take."""

    async def play(self, calls: int) -> None:
        """Every trouble in turn, again and again, until there were so many calls."""
        await self.consents()
        account = await self.newcomer()
        while self.came_to.total() < calls:
            await self.faults(await self.newcomer())
            await self.provider_that_repeats(await self.newcomer())
            await self.wrong_client(account)
            await self.vault_in_trouble()
            await self.revocation(account)
        await self.webhooks()
        await self.surfaces(account)
        app = self.practice.app
        self.said += [json.dumps(event.data) for event in app.outbox.after(LOCAL_TENANT, 0, 10_000)]
        self.said += [repr(app), *(repr(app.tokens.account(one.key)) for one in app.accounts.all(LOCAL_TENANT))]

    async def newcomer(self) -> ConnectedAccount:
        """Another person connects an account."""
        self.people += 1
        return await self.practice.connect(f"acme-{self.people}", f"user-{self.people}")

    async def faults(self, account: ConnectedAccount) -> None:
        """Each fault of a provider, at its token endpoint and at its API."""
        for fault in all_faults():
            self.practice.sandbox.faults.add(fault)
            self.practice.clock.advance(LIFE_S)
            await self.calls(account)
            self.practice.sandbox.faults.clear()
            if self.practice.app.tokens.account(account.key).state != "active":
                account = await self.newcomer()

    async def provider_that_repeats(self, account: ConnectedAccount) -> None:
        """A provider that says again, in its refusal, the credential that it was sent."""
        for status, advance in ((401, 0), (400, 0), (400, LIFE_S)):
            self.practice.clock.advance(advance)
            self.wire.repeats = status
            await self.calls(account)
            self.wire.repeats = None
            self.practice.clock.advance(LIFE_S)

    async def wrong_client(self, account: ConnectedAccount) -> None:
        """An operator stores a client secret that is not good, and then the right one."""
        app = self.practice.app
        right = app.connections.find(LOCAL_TENANT, "sandbox")
        assert right
        wrong = fresh_canary("wrong-secret")
        self.wire.canaries.add("client secret", wrong)
        self.practice.clock.advance(LIFE_S)
        await app.connections.put(replace(right, client_secret=Secret(wrong)))
        await self.calls(account)
        await app.connections.put(right)
        self.practice.clock.advance(LIFE_S)

    async def vault_in_trouble(self) -> None:
        """The database goes away between the provider's answer and the disk, and a sealed value is damaged."""
        file = self.practice.app.vault.file
        away = file.with_name("elsewhere.db")
        fresh = await self.newcomer()
        self.practice.clock.advance(LIFE_S)
        self.trap.set("before_commit", lambda: move(file, away))
        await self.calls(fresh)
        self.trap.strike = None
        if away.exists():
            self.rescued += any(file.with_name("spool").read_bytes())
            move(away, file)
        await self.calls(fresh)
        damaged = await self.newcomer()
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute("UPDATE stored_grant SET access_token = x'01' WHERE account_id = ?", (damaged.id,))
        await self.calls(damaged)
        await self.practice.app.accounts.remove(damaged.key)

    async def revocation(self, account: ConnectedAccount) -> None:
        """The grant dies at the provider; another person signs in, then the right one."""
        self.practice.sandbox.revoke()
        self.practice.clock.advance(LIFE_S)
        await self.calls(account)
        for who in ("somebody-else", account.label.partition("@")[0]):
            begun = await self.proven(self.practice.app.links.reauth(account.key))
            await self.finish(await approve(begun, who))
        await self.calls(account)

    async def calls(self, account: ConnectedAccount) -> None:
        """Each kind of call once, the first also as an agent makes it."""
        for tool, given in CALLS:
            outcome = await self.practice.app.executor.execute_tool(account.key, tool, given)
            self.came_to[outcome.code if isinstance(outcome, Failure) else "result"] += 1
            self.said += [json.dumps(outcome.as_json()), repr(outcome)]
        tool, given = CALLS[0]
        await self.as_agent("execute_tool", connected_account_id=account.id, tool_name=tool, tool_input=given)

    async def as_agent(self, tool: str, **given: object) -> None:
        """One call of a tool of the MCP surface."""
        try:
            result = await self.client.call_tool(tool, given)
            self.said.append(result.model_dump_json())
        except MCPError as error:
            self.said.append(repr(error) + traceback.format_exc())
        self.came_to["as an agent"] += 1

    async def consents(self) -> None:
        """Consents that fail in each way, by page and by command."""
        begun = await self.begin("refused")
        await self.finish(await deny(begun))
        redirect = await approve(await self.begin("twice"))
        await self.finish(redirect)
        await self.finish(redirect)
        late = await approve(await self.begin("late"))
        self.practice.clock.advance(LIFE_S)
        await self.finish(late)
        forged = (await approve(await self.begin("forged"))).replace("code=sbx_code_", "code=sbx_code_forged")
        await self.finish(forged)
        self.wire.repeats = 400
        await self.finish(await approve(await self.begin("repeated")))
        self.wire.repeats = None
        for number, fault in enumerate(all_faults()):
            redirect = await approve(await self.begin(f"fault-{number}"))
            self.practice.sandbox.faults.add(fault)
            await self.finish(redirect)
            self.practice.sandbox.faults.clear()
        for path in ("/callback", "/callback?code=sbx_code_guessed&state=guessed", "/reconnect/conn_x", "/"):
            await self.page(path)
        await self.links()

    async def links(self) -> None:
        """Links that lead nowhere, a provider's answer in another browser, and one at another address."""
        links = self.practice.app.links
        link = links.made(links.to_connect(LOCAL_TENANT, "sandbox", "odd", {"origin": self.practice.url}))
        for _ in range(6):
            await self.page(link.url.removeprefix(SITE), "POST")
        begun = await self.practice.app.connect.begin(LOCAL_TENANT, "sandbox", "odd", {"origin": self.practice.url})
        redirect = (await approve(begun.url)).removeprefix(SITE)
        for answer in (redirect, redirect.replace("/callback", "/callback/hubspot")):
            await self.page(answer)

    async def webhooks(self) -> None:
        """A receiver that takes, refuses, moves away and is not there, and what is shown of it."""
        app = self.practice.app
        with receiving(lambda got: (307, {"Location": f"http://127.0.0.1:1/{got.signatures[0]}"})) as receiver:
            endpoint, secret = await app.webhooks.add(LOCAL_TENANT, receiver.url)
            self.wire.canaries.add("webhook secret", secret.reveal())
            self.wire.canaries.add("webhook secret", secret.reveal().removeprefix("whsec_"))
            await app.webhooks.replay(endpoint, 0)
            for answer in (receiver.answer, takes_all):
                receiver.answer = answer
                await app.tell_news()
                self.said += [repr(await app.webhooks.test(endpoint)), repr(receiver.received)]
                self.practice.clock.advance(LIFE_S)
            second = await app.webhooks.rotate_secret(endpoint)
            self.wire.canaries.add("webhook secret", second.reveal().removeprefix("whsec_"))
            await app.webhooks.replay(endpoint, 0)
            await app.tell_news()
        self.said.append(repr(await app.webhooks.test(endpoint)))
        with suppress(BadTarget):
            await app.webhooks.add(LOCAL_TENANT, f"https://user:{fresh_canary('x')}@hooks.example/")
        found = app.webhooks.find(LOCAL_TENANT, endpoint.id)
        self.said += [repr(found), json.dumps(found.as_json()), repr(app.webhooks.latest(found))]
        assert found.deliveries["delivered"]

    async def begin(self, alias: str) -> str:
        """The address of the consent page of a new account, by a link's page."""
        links = self.practice.app.links
        return await self.proven(
            links.made(links.to_connect(LOCAL_TENANT, "sandbox", alias, {"origin": self.practice.url}))
        )

    async def proven(self, link: Link) -> str:
        """The provider's address, once the link's code was typed."""
        form = {"code": link.code or ""}
        answer = await self.browser.post(link.url, data=form, headers={"Origin": SITE})
        self.said += [answer.text, (await self.browser.get(link.url)).text]
        return str(answer.headers["Location"])

    async def finish(self, redirect: str) -> None:
        """The browser follows the provider's redirect; then it is pasted into a terminal too, which is too late."""
        code = parse_redirect(redirect).code
        if code:
            self.wire.canaries.add("authorization code", code.reveal())
        await self.page(redirect.removeprefix(SITE))
        try:
            await self.practice.app.consent.finish(parse_redirect(redirect))
        except (ConsentFailed, StoreUnavailable) as error:
            self.said.append(repr(error) + traceback.format_exc())

    async def page(self, path: str, method: str = "GET") -> None:
        """What a browser is shown."""
        answer = await self.browser.request(method, path, headers={"Origin": SITE})
        self.said += [answer.text, repr(answer), str(answer.headers)]

    async def surfaces(self, account: ConnectedAccount) -> None:
        """What else agents, browsers and HTTP clients meet."""
        link = self.practice.app.links.reauth(account.key).url.removeprefix(SITE)
        await self.page(link)
        await self.page(link, "POST")
        await self.page("/mcp", "POST")
        await self.as_agent("list_accounts")
        await self.as_agent("connect_account", connector="sandbox", values={"origin": self.practice.url})
        await self.as_agent("search_tools", query="contacts")
        await self.as_agent("describe_tools", names=["sandbox_get_contact"])
        await self.as_agent("no_such_tool")
        await self.as_agent("execute_tool", wrong=1)
        stranger = AccountKey("tnt_stranger", account.id)
        self.said.append(repr(await self.practice.app.executor.execute_tool(stranger, *CALLS[0])))
        for at_provider in (True, False):
            last = await self.newcomer()
            self.said.append(repr(await self.practice.app.desk.remove(last, at_provider=at_provider)))

    async def unforeseen(self, account: ConnectedAccount, tick: Callable[[], Awaitable[None]]) -> None:
        """A fault of the program, whose text has every secret in it, under an agent's call and under a tick."""
        everything = " ".join(sorted(self.wire.canaries.all()))

        def fail() -> None:
            raise RuntimeError(everything[-15_000:])

        for work in (lambda: self.as_agent("execute_tool", **search(account)), tick):
            self.practice.clock.advance(LIFE_S)
            self.trap.set("renewal_begun", fail)
            await work()


def search(account: ConnectedAccount) -> dict[str, object]:
    """A call as an agent makes it."""
    tool, given = CALLS[0]
    return {"connected_account_id": account.id, "tool_name": tool, "tool_input": given}


def all_faults() -> Iterator[Fault]:
    """Each fault there is, in its variants."""
    places: tuple[Where, ...] = ("api", "token")
    for kind in FaultKind:
        for where in places:
            for processed in (False, True) if kind in IN_PLACE_OF_AN_ANSWER else (False,):
                for error in ERRORS if kind is FaultKind.ERROR_IN_200 else ERRORS[:1]:
                    yield Fault(kind=kind, where=where, times=1, processed=processed, error=error)


def move(file: Path, to: Path) -> None:
    file.rename(to)
