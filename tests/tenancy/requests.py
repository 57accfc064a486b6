"""Requests at random: every route of the API's own document, every MCP method, in both eras."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast
from urllib.parse import quote, urlencode

from pydantic import JsonValue
from tests.entry.modern import modern
from tests.tenancy.asgi import Asked
from tests.tenancy.household import ASKED_OF_EACH, CAN, DELETE, Tenant
from tests.tenancy.picking import TOOLS, Picker

from evergrant.entry.api.document import IN_PATH
from evergrant.entry.mcp.client import TASKS
from evergrant.settings import LOCAL_TENANT

Members = Mapping[str, JsonValue]
BROKEN: Sequence[Mapping[str, str]] = (
    {},
    {"authorization": "Bearer evgk_none"},
    {"authorization": "Basic x"},
    {"authorization": "Bearer"},
)
ODD: Sequence[JsonValue] = ([], "x", None, {"x": 1})
METHODS = (
    "tools/list",
    "tools/call",
    "tools/call",
    "tools/call",
    "tasks/get",
    "tasks/cancel",
    "tasks/update",
    "resources/list",
    "resources/read",
    "resources/templates/list",
    "ping",
    "nobody/knows",
)
ONCE = "Idempotency-Key"
LEGACY = "2025-11-25"
ACCEPT = {"accept": "application/json, text/event-stream"}


@dataclass(frozen=True)
class Wanted:
    """A request, who made it, and the things of others in it, each with one of nobody's."""

    asked: Asked
    who: Tenant | None
    """None is a stranger."""
    swaps: Mapping[str, str]
    comparable: bool


@dataclass(frozen=True)
class Requests:
    """What is asked, by chance alone."""

    chance: random.Random
    document: Members
    tools: Mapping[str, Members]
    """The input schemas of the listed tools."""

    def next(self, active: Sequence[Tenant], everybody: Sequence[Tenant]) -> Wanted:
        """A request of one of the active tenants, or of a stranger."""
        who, chance = self.chance.choice(active), self.chance
        stranger = chance.random() < 0.04
        others = [each for each in everybody if each is not who]
        rest = chance.random() < 0.5
        asked, picker = (self._rest if rest else self._mcp)(
            who, others, chance.choice((*who.bearers, *who.bearers[:1] * 3))
        )
        if stranger:
            bare = {name: value for name, value in asked.headers.items() if name.lower() != "authorization"}
            asked = Asked(asked.method, asked.path, {**bare, **chance.choice(BROKEN)}, asked.query, asked.content)
        if picker.swaps and asked.headers.get(ONCE) not in picker.swaps:
            # Under one key, the same of nobody's would be another request.
            asked = replace(asked, headers={name: value for name, value in asked.headers.items() if name != ONCE})
        return Wanted(asked, None if stranger else who, picker.swaps, picker.comparable)

    def _rest(self, who: Tenant, others: Sequence[Tenant], bearer: str) -> tuple[Asked, Picker]:
        paths = cast("Mapping[str, Mapping[str, Members]]", self.document["paths"])
        path = self.chance.choice(sorted(paths))
        method = self.chance.choice(sorted(paths[path]))
        operation = paths[path][method]
        # Whoever runs the vault may see to every tenant, so it is kept from those that there are.
        if who.id == LOCAL_TENANT and path.startswith("/v1/tenants"):
            path, method, operation = "/v1/accounts", "get", paths["/v1/accounts"]["get"]
        picker = Picker(self.chance, who, others, keeps=method == "delete")
        headers = {"authorization": f"Bearer {bearer}", **ACCEPT}
        query: dict[str, str] = {}
        for parameter in cast("Sequence[Members]", operation.get("parameters", ())):
            self._parameter(picker, parameter, query, headers)
        filled = IN_PATH.sub(lambda found: quote(self._in_path(picker, found[1]), safe=""), path)
        asked = Asked(method.upper(), filled, headers, urlencode(query))
        return self._with_body(asked, operation, picker), picker

    def _in_path(self, picker: Picker, name: str) -> str:
        if name == "name":
            return self.chance.choice((*TOOLS, "sandbox"))
        return picker.named(name) or picker.any_kind()

    def _parameter(self, picker: Picker, given: Members, query: dict[str, str], headers: dict[str, str]) -> None:
        name = str(given["name"])
        if given["in"] == "path" or self.chance.random() < 0.6:
            return
        value = picker.of_schema(name, cast("Members", given["schema"]), self._parts())
        text = _in_query(value)
        if given["in"] == "header":
            headers[name] = text.encode("ascii", "replace").decode()
        else:
            query[name] = text

    def _with_body(self, asked: Asked, operation: Members, picker: Picker) -> Asked:
        if "requestBody" not in operation:
            return asked
        if self.chance.random() < 0.05:
            return asked.with_body(self.chance.choice(ODD))
        content = cast("Mapping[str, Members]", cast("Members", operation["requestBody"])["content"])
        schema = cast("Members", content["application/json"]["schema"])
        return asked.with_body(picker.of_schema("", schema, self._parts()))

    def _parts(self) -> Members:
        return cast("Members", cast("Members", self.document["components"])["schemas"])

    def _mcp(self, who: Tenant, others: Sequence[Tenant], bearer: str) -> tuple[Asked, Picker]:
        method = self.chance.choice(METHODS)
        picker = Picker(self.chance, who, others, keeps=False)
        params = self._params(method, picker)
        if self.chance.random() < 0.35:
            return self._legacy(who, bearer, method, params, picker), picker
        can: dict[str, object] = {}
        if self.chance.random() < 0.5:
            can |= {"extensions": {TASKS: {}}} if method.startswith("tasks/") or self.chance.random() < 0.3 else CAN
        name = str(params.get("name") or params.get("uri") or params.get("taskId") or "")
        given = modern(method, params, name, can, bearer=bearer)
        headers = {key: value.encode("ascii", "replace").decode() for key, value in given["headers"].items() if value}
        return Asked("POST", "/mcp", headers).with_body(given["json"]), picker

    def _legacy(self, who: Tenant, bearer: str, method: str, params: Members, picker: Picker) -> Asked:
        session = who.sessions[bearer]
        if self.chance.random() < 0.1:
            session = self.chance.choice(sorted(self.chance.choice(picker.others).sessions.values()))
            picker.swaps[session] = f"{int(session, 16) ^ 1:032x}"
        headers = {"authorization": f"Bearer {bearer}", **ACCEPT}
        headers |= {"mcp-session-id": session, "mcp-protocol-version": LEGACY}
        body: JsonValue = {"jsonrpc": "2.0", "id": 1, "method": method, "params": dict(params)}
        return Asked("POST", "/mcp", headers).with_body(body)

    def _params(self, method: str, picker: Picker) -> dict[str, JsonValue]:
        if method == "tools/call":
            return self._call(picker)
        if method.startswith("tasks/"):
            answers: dict[str, JsonValue] = {"inputResponses": {"approve": {"action": "accept", "content": {}}}}
            return {"taskId": picker.of_kind("call"), **(answers if method == "tasks/update" else {})}
        if method == "resources/read":
            return {"uri": picker.of_kind("uri")}
        return {"cursor": picker.of_kind("cursor")} if method.endswith("/list") and self.chance.random() < 0.4 else {}

    def _call(self, picker: Picker) -> dict[str, JsonValue]:
        if self.chance.random() < 0.1:
            return {"name": DELETE, "arguments": {**ASKED_OF_EACH}, "requestState": picker.of_kind("state")}
        name = self.chance.choice((*sorted(self.tools), *TOOLS))
        schema = self.tools.get(name, {"properties": {}})
        return {"name": name, "arguments": picker.members(schema, cast("Members", schema.get("$defs", {})))}


def _in_query(value: JsonValue) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
