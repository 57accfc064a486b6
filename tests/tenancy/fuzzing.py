"""Many requests of many tenants, each answer looked at: nothing of another's in it, and no sign that it is there."""

import json
import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import cast

from pydantic import JsonValue
from sqlalchemy import select
from sqlmodel import Session, SQLModel
from tests.tenancy.asgi import Answered, Asked, send, swapped
from tests.tenancy.household import Household, Tenant
from tests.tenancy.picking import NOBODY, TAG
from tests.tenancy.requests import ACCEPT, LEGACY, Requests, Wanted

from evergrant.settings import LOCAL_TENANT

ID = re.compile(r"\b(?:aud|conn|client|call|evt|link|key|res|wh|tnt)_[0-9A-Z]{26}\b")
SECRET = re.compile(r"\b(?:evgk_|whsec_)[\w+/=-]+|(?<=http://localhost:8484/)\w+/[\w.-]+")
CODE = re.compile(r'(?<="confirmation_code": ")[^"]+|(?<="confirmation_code":")[^"]+|\b[A-Z0-9]{4}-[A-Z0-9]{4}\b')
TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+")
FAILED = "Evergrant failed at this"


@dataclass
class Found:
    """What came of it."""

    answers: Counter[str] = field(default_factory=Counter[str])
    """How many, by kind and status."""
    compared: int = 0
    """Requests of another's thing whose answer was held against that of nobody's."""
    faults: list[str] = field(default_factory=list[str])


async def fuzz(house: Household, requests: int, seed: int = 1, rounds: int = 5) -> Found:
    """So many requests, in rounds in which only half of the tenants do anything: nothing of the others changes."""
    chance = random.Random(seed)
    run = await _begun(house, chance, seed)
    before = _rows(house)
    for number in range(rounds):
        active = chance.sample(house.tenants, len(house.tenants) // 2)
        while run.asked < requests * (number + 1) // rounds and not run.found.faults:
            await run.step(active)
        await house.world.app.audit.journal.drain()
        after = _rows(house)
        changed = [each.id for each in house.tenants if each not in active and before[each.id] != after[each.id]]
        run.found.faults += [f"seed {seed}: in round {number} others changed {tenant_id}" for tenant_id in changed]
        before = after
    return run.found


@dataclass
class _Run:
    house: Household
    requests: Requests
    owners: dict[str, str]
    """The tenants of ids, as they are come upon."""
    seed: int
    asked: int = 0
    found: Found = field(default_factory=Found)

    async def step(self, active: Sequence[Tenant]) -> None:
        wanted = self.requests.next(active, self.house.tenants)
        answered = await self._sent(wanted.asked, wanted)
        if wanted.swaps and wanted.comparable:
            await self._compare(wanted, answered)

    async def _sent(self, asked: Asked, wanted: Wanted) -> Answered:
        self.asked += 1
        answered = await send(self.house.web, asked)
        self.found.answers[f"{_kind(asked)} {answered.status}"] += 1
        if wrong := self._wrong(asked, wanted, answered):
            self._fault(wrong, asked, answered)
        return answered

    def _wrong(self, asked: Asked, wanted: Wanted, answered: Answered) -> str:
        if not 200 <= answered.status < 500 and not _of_provider(answered):
            return f"failed with {answered.status}"
        if FAILED in answered.text:
            return "failed unforeseen"
        if wanted.who is None and answered.status != 401:
            return "let a stranger in"
        if wanted.who and wanted.who.id == LOCAL_TENANT and asked.path.startswith("/v1/tenants"):
            return ""
        foreign = self._foreign(swapped(answered.whole, wanted.swaps), wanted)
        return f"told {wanted.who.id if wanted.who else 'a stranger'} of {foreign}" if foreign else ""

    def _foreign(self, text: str, wanted: Wanted) -> list[str]:
        """What of the text is of another tenant; ids that nobody is known to have are the asker's."""
        own = wanted.who.id if wanted.who else ""
        tags = {found[0] for found in TAG.finditer(text) if int(found[1]) < NOBODY}
        sent = wanted.asked.path + wanted.asked.query + wanted.asked.content
        new = set(ID.findall(text)) - _nobodys(wanted)
        theirs = [each for each in new if self.owners.get(each, own) != own]
        self.owners |= {each: own for each in new if own and each not in sent and each not in self.owners}
        return sorted((tags - {wanted.who.tag if wanted.who else ""}) | set(theirs))

    async def _compare(self, wanted: Wanted, theirs: Answered) -> None:
        """A difference counts if it is there again: the first request may have done something for its own tenant."""
        self.found.compared += 1
        none = await self._sent(wanted.asked.turned(wanted.swaps), wanted)
        if self._alike(wanted, theirs, none):
            return
        if not self._alike(wanted, again := await self._sent(wanted.asked, wanted), none):
            self._fault(f"another's is answered otherwise than nobody's:\n{none}", wanted.asked, again)

    def _alike(self, wanted: Wanted, theirs: Answered, none: Answered) -> bool:
        return theirs.status == none.status and self._plain(theirs, wanted) == self._plain(none, wanted)

    def _plain(self, answered: Answered, wanted: Wanted) -> str:
        """Without what is new in every answer, and with nobody's things in the place of others'."""
        sent = _nobodys(wanted)
        text = swapped(answered.whole, wanted.swaps)
        text = ID.sub(lambda found: found[0] if found[0] in sent else "an id", text)
        for kind in (CODE, SECRET, TIME):
            text = kind.sub("new", text)
        return "\n".join(line for line in text.split("\n") if not line.startswith("content-length:"))

    def _fault(self, what: str, asked: Asked, answered: Answered) -> None:
        self.found.faults.append(f"seed {self.seed}, request {self.asked}: {what}\n{asked}\n{answered}")


async def _begun(house: Household, chance: random.Random, seed: int) -> _Run:
    owners: dict[str, str] = {}
    for tenant in house.tenants:
        await _open_sessions(house, tenant)
        for things in tenant.has.values():
            owners |= {found: tenant.id for thing in things for found in ID.findall(thing)}
    operator = {"authorization": f"Bearer {house.tenants[-1].bearers[0]}", **ACCEPT}
    document = json.loads((await send(house.web, Asked("GET", "/v1/openapi.json", operator))).text)
    headers = {**operator, "mcp-session-id": next(iter(house.tenants[-1].sessions.values()))}
    headers |= {"mcp-protocol-version": LEGACY}
    listing = Asked("POST", "/mcp", headers).with_body(
        {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    )
    tools = cast("list[dict[str, JsonValue]]", _data((await send(house.web, listing)).text)["result"]["tools"])
    schemas = {str(tool["name"]): cast("Mapping[str, JsonValue]", tool["inputSchema"]) for tool in tools}
    return _Run(house, Requests(chance, document, schemas), owners, seed)


async def _open_sessions(house: Household, tenant: Tenant) -> None:
    """One of the handshake era for each bearer."""
    about: JsonValue = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
    begin: JsonValue = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": about}
    for bearer in tenant.bearers:
        headers = {"authorization": f"Bearer {bearer}", **ACCEPT}
        begun = await send(house.web, Asked("POST", "/mcp", headers).with_body(begin))
        tenant.sessions[bearer] = session = dict(begun.headers)["mcp-session-id"]
        headers |= {"mcp-session-id": session, "mcp-protocol-version": LEGACY}
        ready: JsonValue = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        assert (await send(house.web, Asked("POST", "/mcp", headers).with_body(ready))).status == 202


def _nobodys(wanted: Wanted) -> set[str]:
    return {found for thing in wanted.swaps.values() for found in ID.findall(thing)}


def _data(text: str) -> dict[str, dict[str, JsonValue]]:
    """The message of an answer, in JSON or as an event."""
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: {")]
    return cast("dict[str, dict[str, JsonValue]]", json.loads(lines[-1] if lines else text))


def _kind(asked: Asked) -> str:
    if asked.path == "/mcp":
        return f"mcp {'old' if 'mcp-session-id' in asked.headers else 'new'} {json.loads(asked.content)['method']}"
    return f"{asked.method} {'/'.join(asked.path.split('/')[:3])}"


def _of_provider(answered: Answered) -> bool:
    """A provider's refusal is told as a bad gateway's."""
    return answered.status == 502 and '"code"' in answered.text and "internal" not in answered.text


def _rows(house: Household) -> Mapping[str, str]:
    """A digest of all rows of each tenant."""

    def work(session: Session) -> Mapping[str, str]:
        digests = {tenant.id: sha256() for tenant in house.tenants}
        for name, table in sorted(SQLModel.metadata.tables.items()):
            if "tenant_id" in table.columns:
                for row in sorted(session.connection().execute(select(table)).mappings().all(), key=repr):
                    if (tenant_id := str(row["tenant_id"])) in digests:
                        digests[tenant_id].update(f"{name} {row!r}".encode())
        return {tenant_id: digest.hexdigest() for tenant_id, digest in digests.items()}

    return house.world.app.vault.database.read(work)
