"""Results that are too large for one answer: the first page at once, the others from what is kept, for an hour."""

from dataclasses import dataclass, replace

from evergrant.catalog.catalog import UnknownTool
from evergrant.catalog.declaration import DeclarationError
from evergrant.model.clock import Clock
from evergrant.model.ids import new_id
from evergrant.model.kept_result import KeptResult
from evergrant.model.outcome import Failure, InvalidInput, NotFound, Result
from evergrant.service.cuts import Cut, NoSuchPage, cut
from evergrant.service.standing import Standing
from evergrant.service.wording import vault_unavailable
from evergrant.store.database import StoreUnavailable
from evergrant.vault.kept_results import KEPT, KeptResults
from evergrant.vault.seal import SealBroken

CHARACTERS_OF_A_TOKEN = 4
"""As good a guess as any for JSON."""
RESERVED = 800
"""Characters of an answer that are not data: whose it is, which part, how to go on."""


@dataclass(frozen=True, slots=True)
class ResultPage:
    """A part of a result; `id` names what is kept, None where nothing could be."""

    result: Result
    cut: Cut
    id: str | None


@dataclass(frozen=True, slots=True)
class ResultPages:
    """Gives results in pages of at most `tokens`; raises nothing."""

    kept: KeptResults
    clock: Clock
    tokens: int

    @property
    def most(self) -> int:
        """Characters of an answer as JSON."""
        return self.tokens * CHARACTERS_OF_A_TOKEN

    async def first(self, who: Standing, result: Result) -> ResultPage:
        """The first page of a result that is too large; the whole is kept."""
        page = ResultPage(result, self._cut(result, None), None)
        now = self.clock.now()
        kept = KeptResult(new_id("res", now), who.tenant_id, result.tool_name or "", now, now + KEPT, result)
        try:
            return replace(page, id=kept.id) if await self.kept.add(kept) else page
        except (StoreUnavailable, SealBroken):
            return page

    def page(self, who: Standing, result_id: str, cursor: str | None) -> ResultPage | Failure:
        """The page at `cursor`, the first without one, of a result that is kept and is there for the caller."""
        kept = self.find(who, result_id)
        if isinstance(kept, Failure):
            return kept
        try:
            return ResultPage(kept.result, self._cut(kept.result, cursor), kept.id)
        except NoSuchPage:
            return InvalidInput(
                pointer="/cursor",
                what_happened="No page of this result begins at that cursor.",
                what_to_do="Give the next_cursor of a page as it is, or leave it out for the first page.",
            )

    def find(self, who: Standing, result_id: str) -> KeptResult | Failure:
        """The kept result of that id; unknown, foreign and forgotten ones look alike."""
        try:
            kept = self.kept.get(who.tenant_id, result_id, self.clock.now())
        except (StoreUnavailable, SealBroken) as error:
            return vault_unavailable(str(error))
        return kept if kept and _is_for(who, kept) else _no_such_result()

    def _cut(self, result: Result, cursor: str | None) -> Cut:
        return cut(result.content, self.most - RESERVED, cursor)


def _is_for(who: Standing, kept: KeptResult) -> bool:
    if not who.principal.sees(kept.result.account):
        return False
    try:
        return who.may_call(kept.tool_name, who.catalog.tool(kept.tool_name)[1])
    except (UnknownTool, DeclarationError):
        return True


def _no_such_result() -> Failure:
    return NotFound(
        what_happened="No result of this id is kept for you; a large result is kept for an hour.",
        what_to_do="If the call only read, make it again. If it wrote, it is done: do not repeat it.",
    )
