"""What the demo's day came to, and the promises that it is held against."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import cast

from rich.console import RenderableType

from evergrant.demo import table
from evergrant.demo.facts import Crash, Deliveries, EventSeen, Revocation, ServiceReport, Storm
from evergrant.model.json import Json, JsonObject


@dataclass(frozen=True, slots=True)
class Promise:
    """Something that must hold for the day to count, and whether it did."""

    text: str
    kept: bool


@dataclass(frozen=True, slots=True)
class Report:
    """One day. All times and lengths are virtual but `wall_s`, which is how long it took to play."""

    hours: int
    seed: int
    wall_s: float
    services: tuple[ServiceReport, ...]
    storms: tuple[Storm, ...]
    crash: Crash | None
    revocation: Revocation | None
    events: tuple[EventSeen, ...]
    deliveries: Deliveries

    @property
    def promises(self) -> list[Promise]:
        """Every promise, in the order of their weight."""
        return [
            Promise("No call was sent with an expired token.", self._none(lambda each: each.expired_token_sends)),
            Promise("No refresh token was spent twice.", self._none(lambda each: each.double_refreshes)),
            Promise("No result was empty where there is data.", self._none(lambda each: each.silent_skips)),
            Promise("No grant was lost but the one that was revoked.", self._none(lambda each: each.lost_grants)),
            Promise("Every row was written exactly once.", self._none(lambda each: each.rows_wrong)),
            Promise("No call failed but the ones that were paused.", not any(each.failed for each in self.services)),
            Promise("Each service was refreshed as often as its token life demands.", self._in_bounds()),
            Promise("Fifty calls at once with an expired token made one refresh.", self._storms_were_calm()),
            Promise("A refresh that was killed halfway was taken up by the next call.", self._crash_was_healed()),
            Promise("A revocation reached the operator before any call was told of it.", self._revocation_was_told()),
            Promise("Every event reached the operator's web service, signed.", self._all_delivered()),
            Promise("Every paused call returned its result after the reconnect.", self._paused_calls_returned()),
        ]

    @property
    def kept(self) -> bool:
        """Whether every promise was kept."""
        return all(promise.kept for promise in self.promises)

    def as_json(self) -> JsonObject:
        """Everything, with the promises, in values that JSON has."""
        facts = cast("dict[str, Json]", _listed(asdict(self)))
        return {"kept": self.kept, "promises": [asdict(promise) for promise in self.promises], **facts}

    def as_text(self) -> RenderableType:
        """For a person."""
        verdicts = [(promise.text, promise.kept) for promise in self.promises]
        told = table.story(self.crash, self.storms, self.revocation, self.events)
        return table.page(self.hours, self.wall_s, self.services, told, verdicts)

    def _none(self, count: Callable[[ServiceReport], int]) -> bool:
        return not any(count(each) for each in self.services)

    def _in_bounds(self) -> bool:
        return all(each.refreshes_least <= each.refreshes <= each.refreshes_most for each in self.services)

    def _storms_were_calm(self) -> bool:
        slept_through = {storm.service for storm in self.storms} == {each.service for each in self.services}
        return slept_through and all((storm.refreshes, storm.failed) == (1, 0) for storm in self.storms)

    def _crash_was_healed(self) -> bool:
        crash = self.crash
        if crash is None or not crash.killed or crash.refreshes_of_victim != 1:
            return False
        return (crash.storm.refreshes, crash.storm.failed) == (1, 0)

    def _revocation_was_told(self) -> bool:
        met = self.revocation
        return met is not None and met.event_after_s is not None and met.paused > 0 and met.untold == 0

    def _all_delivered(self) -> bool:
        made = self.deliveries
        return made.received == made.events and made.refused == 0

    def _paused_calls_returned(self) -> bool:
        met = self.revocation
        return met is not None and 0 < met.paused == met.resumed


def _listed(value: object) -> object:
    """The value with lists for tuples, as JSON gives them back."""
    match value:
        case dict():
            return {key: _listed(each) for key, each in cast("dict[str, object]", value).items()}
        case list() | tuple():
            return [_listed(each) for each in cast("tuple[object, ...]", value)]
        case _:
            return value
