"""What must hold at every moment, whatever the machine does to the engine."""

from collections import Counter
from datetime import timedelta
from typing import Final

from tests.protocol.server_policies import Policy
from tests.protocol.state import Faults
from tests.stateful.ends import End, at_most_once, ends
from tests.stateful.looking import Seen
from tests.stateful.process import Kind
from tests.stateful.sending import Sending
from tests.stateful.trouble import LOSES_ANSWER
from tests.stateful.world import Call, World

from evergrant.model.outcome import (
    Failure,
    Outcome,
    ProviderUnavailable,
    ReauthRequired,
    TokenExpired,
    VaultUnavailable,
)
from evergrant.sandbox.behaviour import Rotation

STRICT: Final = (Rotation.STRICT, Rotation.STRICT_FAMILY)
LEEWAY_SHARE: Final = 0.05
"""The last part of a token's life, in which it counts as spent."""
ON_ITS_WAY: Final = timedelta(seconds=0.5)


class PromiseBroken(AssertionError):
    """The engine did what it must never do."""


class Promises:
    """Watches a world; `check` raises what was found since it was last called."""

    def __init__(self, world: World) -> None:
        self.outcomes = Counter[str]()
        """What calls came to, by code."""
        self._world, self._rotation = world, world.template.rotation
        self._broken: list[str] = []
        self._faults = Counter[str]()
        self._known_lost: set[Sending] = set()
        self._last = world.seen
        self._hope = True
        self._fates_before = 0
        world.wire.on_send, world.on_outcome, world.on_look = self._on_send, self._on_outcome, self._on_look

    def check(self) -> None:
        """Raises PromiseBroken."""
        self._world.look()
        self._count_losses()
        self._hold_counts()
        self._hold_columns()
        self._hold_grant()
        self._hold_events()
        if self._broken:
            raise PromiseBroken("; ".join(dict.fromkeys(self._broken)))

    def end(self) -> End:
        """What came of the grant, once nothing is under way; raises PromiseBroken where the model has no such end."""
        self._hold_successes()
        self.check()
        return self._model_end()

    @property
    def revoked(self) -> bool:
        """Whether the person has ended the grant that is stored."""
        return self._world.provider.ended_by(self._last.refresh) == "revoked"

    def fault(self, kind: str) -> None:
        """A fault happened that by itself loses nothing."""
        self._faults[kind] += 1

    def _happened(self) -> Counter[str]:
        """The faults since the last consent, in the model's terms."""
        fates = self._world.fates[self._fates_before :]
        return self._faults + Counter("crash" if fate.kind == "kill" else fate.kind for fate in fates)

    def _struck(self, kind: Kind) -> int:
        return sum(fate.kind == kind for fate in self._world.fates)

    def _break(self, words: str) -> None:
        self._broken.append(f"{words} (at {self._world.stage.now:.2f} s)")

    def _on_look(self, seen: Seen) -> None:
        last, self._last = self._last, seen
        if seen.consents > last.consents:
            self._faults = Counter(consent=1, pause=len(list(self._world.stopped())))
            self._fates_before = len(self._world.fates)
            self._hope = True
        if seen.generation < last.generation:
            self._break(f"generation {last.generation} became {seen.generation}")
        if seen.fence < last.fence:
            self._break(f"fence {last.fence} became {seen.fence}")

    def _on_send(self, sending: Sending) -> None:
        """Looked at in the moment in which a refresh request leaves."""
        for other in self._world.wire.sendings:
            if other.under_way and other.consents == sending.consents and not self._may_overlap(other):
                self._break("two exchanges were under way at one time")
        earlier = [other for other in self._world.wire.sendings if other.token == sending.token]
        if earlier and self._rotation is not Rotation.NEVER:
            self._hold_resend(sending, earlier)

    def _may_overlap(self, other: Sending) -> bool:
        """A token that never rotates may be sent at once after a crash, whatever its request is doing."""
        return self._rotation is Rotation.NEVER and not other.sender.alive

    def _hold_resend(self, sending: Sending, earlier: list[Sending]) -> None:
        seen = self._world.seen
        if any(other.stored for other in earlier) and sending.token != seen.previous:
            self._break("a spent refresh token was sent again, though its successor is stored")
        leeway = timedelta(seconds=self._world.template.life_s * LEEWAY_SHARE)
        early = self._world.clock.now() + leeway < seen.expires_at
        if early and self._rotation in STRICT and any(other.in_doubt for other in earlier):
            self._break("a token that may be spent was sent again before the last chance")

    def _on_outcome(self, outcome: Outcome, call: Call) -> None:
        code = outcome.code if isinstance(outcome, Failure) else "result"
        self.outcomes[code] += 1
        seen = self._world.seen
        if isinstance(outcome, ReauthRequired) and seen.state == "active" and self._hopeful(seen):
            self._break("a call asked for a consent, though the grant lives")
        if isinstance(outcome, VaultUnavailable) and not self._struck("disk full"):
            self._break(f"the vault was unavailable: {outcome.what_happened}")
        if isinstance(outcome, ProviderUnavailable | TokenExpired) and self._lives(seen, call):
            self._break(f"a call failed with {code}, though the access token lives")

    def _lives(self, seen: Seen, call: Call) -> bool:
        """As far as the engine can know; callers who join the renewal of one who was refused share his knowledge."""
        ended = self._world.provider.ended_by(seen.refresh) is not None
        refused = ended or seen.access in self._world.wire.refused_tokens
        lives = not refused and seen.expires_at > self._world.clock.now() + ON_ITS_WAY
        return lives and seen.state == "active" and call.refusals == self._world.refusals()

    def _count_losses(self) -> None:
        for sending in self._world.wire.sendings:
            if sending.is_lost and sending not in self._known_lost:
                self._known_lost.add(sending)
                self._faults[sending.lost_by] += 1
                self._faults["lost"] += 1
                if sending.given_up and sending.trouble not in LOSES_ANSWER:
                    self._break("an answer came in time, and nobody waited for it")
        if self._world.provider.is_only_late(self._last.refresh):
            self._faults["grace_end"] += 1
            self._faults["lost"] += 1

    def _hold_counts(self) -> None:
        count = self._world.provider.count
        if self._world.wire.ended_sends or count.api_unknown_token:
            self._break(f"{self._world.wire.ended_sends} calls were sent with a token that had ended")

    def _hold_columns(self) -> None:
        seen = self._last
        if (seen.intent_generation is None) != (seen.intent_at is None):
            self._break("half an intent is stored")
        if seen.intent_generation not in (None, seen.generation):
            self._break(f"the intent is of generation {seen.intent_generation}, not {seen.generation}")
        if seen.state != "active" and (seen.refresh_at or seen.intent_at):
            self._break("a dead grant is due for renewal")

    def _hopeful(self, seen: Seen) -> bool:
        """Whether a refresh token that the provider takes is stored, kept, or with a living process."""
        sendings = self._world.wire.sendings
        in_hand = [each.refresh for each in sendings if each.in_hand and each.consents == seen.consents]
        stored = [seen.refresh, *([seen.previous] if seen.previous else []), *seen.kept.values()]
        return any(self._world.provider.takes(token) for token in (*stored, *in_hand))

    def _hold_grant(self) -> None:
        had, self._hope = self._hope, self._hopeful(self._last)
        if had and not self._hope and not (self._faults["lost"] or self.revoked):
            self._break("the grant was lost, and no fault explains it")
        if self._last.state == "active":
            return
        if self._hope:
            self._break("the grant was declared dead, though the provider would renew it")
        if self._last.cause not in self._causes():
            self._break(f"the cause is {self._last.cause}, not one of {sorted(self._causes())}")

    def _causes(self) -> set[str]:
        if not self.revoked:
            return {"rotation_lost"}
        doubted = any(each.in_doubt for each in self._world.wire.sendings if each.token == self._last.refresh)
        rotates = self._rotation is not Rotation.NEVER
        return {"revoked", "rotation_lost"} if rotates and (doubted or self._happened()["crash"]) else {"revoked"}

    def _hold_events(self) -> None:
        events = [event for event in self._world.looking.events() if event.type.startswith("agent.auth.reauth")]
        kinds = [event.type.removeprefix("agent.auth.reauth_") for event in events]
        alternating = [("required", "completed")[number % 2] for number in range(len(kinds))]
        if kinds != alternating:
            self._break(f"the events are {kinds}")
        if (len(kinds) % 2 == 1) != (self._last.state != "active"):
            self._break(f"the account is {self._last.state}, and the events are {kinds}")

    def _hold_successes(self) -> None:
        for sending in self._world.wire.sendings:
            if sending.in_hand and sending.consents == self._last.consents:
                self._break("a success was discarded")

    def _model_end(self) -> End:
        end: End = "alive" if self._hope else "lost"
        happened = self._happened()
        faults = at_most_once(Faults(**{name: happened[name] for name in Faults._fields}))
        allowed = ends(Policy(self._rotation.value), faults)
        if end not in allowed and not self.revoked:
            raise PromiseBroken(f"the grant is {end}; with {faults} the model allows {sorted(allowed)}")
        if (self._last.state == "active") != (end == "alive"):
            raise PromiseBroken(f"the grant is {end}, and the account is {self._last.state}")
        return end
