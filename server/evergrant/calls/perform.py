"""What one call of a tool asks of its service, request by request: steps first, then pages. It sends nothing itself.

A script yields what is to be asked and is sent the replies; what it returns is what the call came to. So whoever sends
knows nothing of steps and pages, and this knows nothing of tokens and networks.
"""

import json
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import cast

import httpx2

from evergrant.calls.answer import Answer, content_of, given_back, part_of, refusal_in, result
from evergrant.calls.plain_codecs import as_text, members
from evergrant.calls.refusal import failure, half_done
from evergrant.calls.request import HEADERS, Draft, defaults, given_address, unplaced
from evergrant.calls.template import fill
from evergrant.calls.turn import Page, Turn, following, opening, turn
from evergrant.calls.values import Absent, Value
from evergrant.catalog.connector import Connector
from evergrant.catalog.pages import CURSOR, LIMIT, Pages
from evergrant.catalog.request import RequestTemplate
from evergrant.catalog.template import ITEM, SLOT
from evergrant.catalog.tool import IDEMPOTENCY_KEY, Expand, Step, Tool
from evergrant.model.account import ConnectedAccount
from evergrant.model.json import Json, JsonObject, at
from evergrant.model.outcome import (
    Failure,
    InvalidInput,
    NotFound,
    Outcome,
    PermissionDenied,
    ProviderError,
    ReauthRequired,
    Refused,
    TokenExpired,
)
from evergrant.model.text import plain

MOST_PAGES = 10
LONGEST_WORD = 100
MOST_CHARACTERS = 200_000
"""Of items that one call gives back, as JSON: a list that is longer is cut at the end of a page."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request to be sent."""

    build: Callable[[Mapping[str, str]], httpx2.Request]
    """From the account's values; raises BadValue."""
    changes: bool
    """Whether something may be changed once it is sent, by this request or by one before."""
    signed: bool = True
    newer: bool = False
    """Whether the token that the one before was signed with has been refused."""
    stepped: bool = False
    """Whether a request before it has changed something."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    account: ConnectedAccount
    request: httpx2.Request
    answer: Answer
    late: bool = False
    """Whether the call has taken so long that no further page is to be asked for."""


Script = Generator[Ask, Reply, Outcome]


def perform(connector: Connector, tool: Tool, given: JsonObject, idempotency_key: str = "") -> Script:
    """The script of one call; raises BadValue where an input cannot be sent."""
    key: JsonObject = {IDEMPOTENCY_KEY: idempotency_key} if idempotency_key else {}
    return _Performance(connector, tool, {**defaults(tool), **given, **key}, idempotency_key).script()


@dataclass(slots=True)
class _Performance:
    connector: Connector
    tool: Tool
    values: dict[str, Json]
    idempotency_key: str
    changed: bool = False
    """Whether a request has been sent that changes something."""
    stepped: bool = False
    """Whether a step has changed something."""
    found: list[Json] = field(default_factory=list[Json])
    characters: int = 0
    total: Json = None

    def script(self) -> Script:
        try:
            outcome = yield from self._script()
        except Refused as refused:
            outcome = refused.failure
        return half_done(self.tool, outcome) if self.stepped and isinstance(outcome, Failure) else outcome

    def _script(self) -> Script:
        for name, step in self.tool.first.items():
            if step.is_wanted(self.values):
                failed = yield from self._step(name, step)
                if failed:
                    return failed
        if self.tool.each:
            return (yield from self._one_by_one(self.tool.each))
        return (yield from (self._pages(self.tool.pages) if self.tool.pages else self._single()))

    def _step(self, name: str, step: Step) -> Generator[Ask, Reply, Failure | None]:
        draft = Draft(self.connector, step, self.values)
        reply = yield from self._asked(draft, changes=step.effect == "write")
        if isinstance(reply, Failure):
            return reply
        self.stepped = self.stepped or step.effect == "write"
        content = self._found(step, reply)
        if content is not None and content != []:
            self.values[name] = content
        elif step.missing:
            return _missing(reply.account, step.missing, self.values)
        return None

    def _found(self, step: Step, reply: Reply) -> Json:
        if reply.answer.response.status_code in step.absent:
            return None
        content = at(content_of(self.connector, step, reply.answer), step.result)
        return _matching(content, step, self.values) if step.match else content

    def _single(self) -> Script:
        key = self.idempotency_key
        draft = Draft(self.connector, self.tool, self.values, unplaced(self.tool), idempotency_key=key)
        reply = yield from self._asked(draft, changes=self.tool.effect != "read")
        if isinstance(reply, Failure):
            return reply
        content = content_of(self.connector, self.tool, reply.answer)
        if self.tool.expand is None:
            part = part_of(self.tool, content, self.values)
            return result(self.tool, reply.account, part if self.tool.adds is None else self._added(part))
        found = yield from self._items(content)
        return result(self.tool, reply.account, {"items": found})

    def _added(self, part: Json) -> Json:
        """The members of the result, and beside them what the steps found."""
        beside = fill(self.tool.adds, self.values)
        return {**members(part), **(cast("JsonObject", beside) if isinstance(beside, Mapping) else {})}

    def _one_by_one(self, name: str) -> Script:
        """The request for each element of an input: one that may not be had does not hide the others."""
        listed = self.values.get(name)
        account: ConnectedAccount | None = None
        failed: Failure = InvalidInput(what_happened=f"{name} is empty.", what_to_do="Name at least one.")
        for item in listed if isinstance(listed, list) else ():
            reply = yield from self._asked(Draft(self.connector, self.tool, {**self.values, ITEM: item}))
            if isinstance(reply, ProviderError | PermissionDenied):
                failed = reply
                self.found.append({"item": item, "error": reply.what_happened})
            elif isinstance(reply, Failure):
                return reply
            else:
                account = reply.account
                whole = at(content_of(self.connector, self.tool, reply.answer), self.tool.result)
                self.found.append(given_back(self.tool, whole, {**self.values, ITEM: item}))
        return result(self.tool, account, {"items": self.found}) if account else failed

    def _pages(self, pages: Pages) -> Script:
        now = opening(self.tool, self.values)
        reply = yield from self._page(now)
        if isinstance(reply, Failure):
            return reply
        account = reply.account
        cursor = yield from self._take(pages, now, reply)
        for _ in range(MOST_PAGES - 1):
            if cursor is None or reply.late or self._is_enough():
                break
            now = turn(self.tool, pages, self._wanted - len(self.found), cursor)
            reply = yield from self._page(now)
            if isinstance(reply, Failure):
                # What came before is not thrown away: the cursor leads to where it went wrong.
                return self._list(account, cursor, reply)
            cursor = yield from self._take(pages, now, reply)
        return self._list(account, cursor, None)

    def _page(self, now: Turn) -> Generator[Ask, Reply, Reply | Failure]:
        return self._asked(Draft(self.connector, self.tool, self._base, unplaced(self.tool), now))

    def _take(self, pages: Pages, now: Turn, reply: Reply) -> Generator[Ask, Reply, str | None]:
        """Keep the items of one page; returns the cursor of the next one."""
        content = content_of(self.connector, self.tool, reply.answer)
        items = yield from self._items(content)
        self.found += items
        self.characters += len(json.dumps(items, ensure_ascii=False))
        self.total = at(content, pages.total) if pages.total is not None else None
        last = next(reversed(self._listed(content)[: len(items)]), None)
        return following(pages, now, Page(str(reply.request.url), reply.answer.response, content, len(items), last))

    def _items(self, content: Json) -> Generator[Ask, Reply, list[Json]]:
        """The items of an answer, each asked for where the list itself has only ids."""
        every = self._listed(content)
        if self.tool.expand:
            expanded: list[Json] = []
            for item in every[: self.tool.expand.most]:
                whole = yield from self._expanded(self.tool.expand, item)
                expanded.append(whole)
            every = expanded
        return [given_back(self.tool, item, self.values) for item in every]

    def _listed(self, content: Json) -> list[Json]:
        listed = at(content, f"{self.tool.result}{self.tool.items or ''}")
        return list(listed) if isinstance(listed, list) else []

    def _expanded(self, expand: Expand, item: Json) -> Generator[Ask, Reply, Json]:
        draft = Draft(self.connector, expand, {**self.values, ITEM: at(item, expand.item)})
        reply = yield from self._asked(draft)
        if isinstance(reply, ProviderError | PermissionDenied):
            return item  # one that has gone meanwhile, or may not be read, must not hide the others
        if isinstance(reply, Failure):
            raise Refused(reply)
        return at(content_of(self.connector, expand, reply.answer), expand.result)

    def _list(self, account: ConnectedAccount, cursor: str | None, failed: Failure | None) -> Outcome:
        content: dict[str, Json] = {"items": self.found}
        if self.total is not None:
            content["total"] = self.total
        if cursor is None:
            return result(self.tool, account, content)
        why = f" The next page could not be had: {failed.what_happened}" if failed else ""
        more = f"There are more than these {len(self.found)}: call again with cursor set to next_cursor.{why}"
        return result(self.tool, account, {**content, "next_cursor": cursor}, more)

    def _asked(self, draft: Draft, *, changes: bool = False) -> Generator[Ask, Reply, Reply | Failure]:
        """The reply to one request: asked once more where its token was refused, for then it was not carried out."""
        self.changed = self.changed or changes
        ask = Ask(draft.build, self.changed, signed=draft.template.gets_credential, stepped=self.stepped)
        reply = yield ask
        failed = self._refused(draft, reply)
        if ask.signed and isinstance(failed, TokenExpired | ReauthRequired):
            reply = yield replace(ask, newer=True)
            failed = self._refused(draft, reply)
        if location := _redirect(draft.template, reply.answer.response):
            follow = _draft_of(given_address(str(reply.request.url.join(location)), draft.template.redirects))
            reply = yield Ask(follow, self.changed, signed=False, stepped=self.stepped)
            failed = self._refused(draft, reply)
        return failed or reply

    def _refused(self, draft: Draft, reply: Reply) -> Failure | None:
        if isinstance(draft.template, Step) and reply.answer.response.status_code in draft.template.absent:
            return None
        refusal = refusal_in(self.connector, draft.template, reply.answer)
        return failure(self.connector, self.tool, reply.account, refusal) if refusal else None

    def _is_enough(self) -> bool:
        return len(self.found) >= self._wanted or self.characters >= MOST_CHARACTERS

    @property
    def _base(self) -> JsonObject:
        """The values without the caller's own cursor, which is not always what the service is sent."""
        return {name: value for name, value in self.values.items() if name != CURSOR}

    @property
    def _wanted(self) -> int:
        limit = self.values.get(LIMIT)
        return limit if isinstance(limit, int) else 1


def _redirect(template: RequestTemplate, response: httpx2.Response) -> str | None:
    """Where an answer leads that is followed (RFC 9110 15.4)."""
    return response.headers.get("Location") if template.redirects and response.is_redirect else None


def _draft_of(address: str) -> Callable[[Mapping[str, str]], httpx2.Request]:
    """A request to an address out of an answer: without a credential, and looked at before it is dialled."""
    return lambda _: httpx2.Request("GET", address, headers={"Accept": "*/*", **HEADERS})


def _matching(content: Json, step: Step, values: JsonObject) -> Json:
    """The first element of a list that has what is wanted."""
    filled = {pointer: fill(template, values) for pointer, template in step.match.items()}
    asked = {pointer: _folded(value) for pointer, value in filled.items() if not isinstance(value, Absent)}
    listed = content if isinstance(content, list) else []
    fitting = [each for each in listed if all(_folded(at(each, pointer)) == text for pointer, text in asked.items())]
    return None if not fitting or (step.only and len(fitting) > 1) else fitting[0]


def _folded(value: Value) -> str:
    return as_text(value).casefold().strip()


def _missing(account: ConnectedAccount, said: str, values: JsonObject) -> Failure:
    words = SLOT.sub(lambda match: plain(as_text(values.get(match[1])), LONGEST_WORD), said)
    return NotFound(
        account=account.id, what_happened=words, what_to_do="Nothing was changed. Correct it and call again."
    )
