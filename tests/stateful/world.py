"""The engine in up to three processes on one vault, the provider, and everything that may befall them."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.stateful.looking import Looking, Seen
from tests.stateful.member import Member
from tests.stateful.process import Fate
from tests.stateful.provider import Provider
from tests.stateful.stage import Stage, StageClock
from tests.stateful.template import REDIRECT_URI, Template
from tests.stateful.wire import Wire

from evergrant.model.account import ConnectedAccount
from evergrant.model.outcome import Outcome

SLOTS: Final = 3
LOOKED_AT: Final = frozenset({"locked", "intent_written", "committed"})
"""Fail points at which what is stored is taken note of: two successes never come between two of them."""
LONG_ENOUGH_S: Final = 5.0


@dataclass(eq=False)
class Call:
    """A call under way."""

    member: Member
    refusals: int
    """How many calls had been refused by then for a token that is not alive."""
    task: "asyncio.Task[None] | None" = None

    @property
    def is_waited_for(self) -> bool:
        """Whether its process lives and it has not come to an end."""
        return self.member.process.alive and self.task is not None and not self.task.done()


class World:
    """What the rules of the machine act on."""

    def __init__(self, template: Template, home: Path) -> None:
        self.template = template
        self.stage = Stage()
        self.clock = StageClock(self.stage)
        self._settings = template.copy(home)
        service = template.service
        self.provider = Provider({service.name: service.client(REDIRECT_URI)}, self.clock)
        self.looking = Looking(home, template.keys, self.clock)
        self.wire = Wire(self.stage, self.provider, lambda: self.seen.consents)
        self._members: dict[int, Member] = {}
        self._calls: list[Call] = []
        self._opened = 0
        self.on_outcome: Callable[[Outcome, Call], None] = lambda _, __: None
        self.on_point: Callable[[str], None] = lambda _: None
        self.fates: list[Fate] = []
        """Those that have come true."""
        self.on_look: Callable[[Seen], None] = lambda _: None
        self.consent(0, ends_former=False)
        self.pass_time(LONG_ENOUGH_S)

    @property
    def seen(self) -> Seen:
        """What the vault holds now."""
        seen = self.looking.seen()
        assert seen is not None, "the account is connected by now"
        return seen

    @property
    def account(self) -> ConnectedAccount:
        account = self.looking.account()
        assert account is not None, "the account is connected by now"
        return account

    def member(self, slot: int) -> Member:
        """The process of that slot, or the next one that is not stopped; one that is dead is replaced."""
        for each in range(slot, slot + SLOTS):
            member = self._members.get(each % SLOTS)
            if member is None:
                return self._open(each % SLOTS)
            if not member.process.stopped:
                return member
        self.resume(slot)
        return self.member(slot)

    def _open(self, slot: int) -> Member:
        self._opened += 1
        self._members[slot] = Member(self.stage, self.wire, self._settings, self._witness, self._opened)
        return self._members[slot]

    def _witness(self, point: str, fate: Fate | None) -> None:
        self.on_point(point)
        if fate is not None:
            self.fates.append(fate)
        if point in LOOKED_AT:
            self.look()

    def look(self) -> None:
        """Take note of which successes have got into the vault."""
        seen = self.looking.seen()
        if seen is None:
            return
        for sending in self.wire.sendings:
            if sending.carried_out and sending.access in {seen.access, *seen.kept}:
                sending.stored = True
        self.on_look(seen)

    def call(self, slot: int, fate: Fate | None) -> None:
        """A caller uses a tool."""
        member = self.member(slot)
        call = Call(member, self.refusals())
        member.process.fate = fate or member.process.fate
        call.task = member.call(self.account, lambda outcome: self.on_outcome(outcome, call))
        self._calls.append(call)
        self.play()

    def cancel(self, number: int) -> bool:
        """A caller goes away; False where none is waiting in a process that runs."""
        waiting = [call for call in self._calls if call.is_waited_for and not call.member.process.stopped]
        if not waiting:
            return False
        call = waiting[number % len(waiting)]
        if call.task is not None:
            call.member.process.order(call.task.cancel)
        self.play()
        return True

    def tick(self, slot: int, fate: Fate | None) -> None:
        member = self.member(slot)
        member.process.fate = fate or member.process.fate
        member.tick()
        self.play()

    def consent(self, slot: int, *, ends_former: bool) -> None:
        """The person consents, for the first time or anew."""
        member, account = self.member(slot), self.looking.account()
        service = self.template.service
        if ends_former:
            self.provider.revoke(client_id=service.name)
        member.consent(account, service.name, service.user)
        self.play()

    def pause(self, slot: int) -> bool:
        """Stop a process where it waits; False where it does not run."""
        member = self._members.get(slot)
        if member is None or member.process.stopped:
            return False
        member.process.stopped = True
        return True

    def resume(self, slot: int) -> bool:
        """Let a stopped process go on; False where it is not stopped."""
        member = self._members.get(slot)
        if member is None or not member.process.stopped:
            return False
        member.process.resume()
        self.play()
        return True

    def kill(self, slot: int) -> bool:
        """Kill a process where it is; False where there is none."""
        member = self._members.get(slot)
        if member is None:
            return False
        member.process.kill()
        self.play()
        return True

    def pass_time(self, seconds: float) -> None:
        self.stage.pass_time(seconds)
        self._take_stock()

    def play(self) -> None:
        self.stage.play()
        self._take_stock()

    def _take_stock(self) -> None:
        for slot, member in list(self._members.items()):
            member.raise_errors()
            if not member.process.alive:
                del self._members[slot]
                member.bury()
        self._calls = [call for call in self._calls if call.is_waited_for]

    def refusals(self) -> int:
        """How many calls were answered 401, though their token had not ended."""
        return self.wire.api_refused + self.provider.count.api_revoked_token

    @property
    def waiting(self) -> int:
        """How many calls have not come to an end."""
        return len(self._calls)

    def running(self) -> Iterator[int]:
        """The slots whose processes are not stopped."""
        yield from (slot for slot, member in self._members.items() if not member.process.stopped)

    def stopped(self) -> Iterator[int]:
        """The slots whose processes are stopped."""
        yield from (slot for slot, member in self._members.items() if member.process.stopped)

    def calm(self) -> None:
        """No trouble and no fate from now on, and every process goes on."""
        self.wire.troubles.clear()
        self.wire.api_refusals = 0
        for member in self._members.values():
            member.process.fate = None
        for slot in list(self.stopped()):
            self.resume(slot)

    def close(self) -> None:
        for member in self._members.values():
            member.close()
        self.looking.close()
        self.provider.close()
