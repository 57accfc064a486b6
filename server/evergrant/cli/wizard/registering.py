"""Walking a person through a guide: step by step, back and forth, with whatever they paste kept as soon as it comes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from evergrant.cli.wizard import words
from evergrant.cli.wizard.draft import Draft
from evergrant.cli.wizard.pasting import given
from evergrant.cli.wizard.terminal import Person
from evergrant.model.secret import Secret
from evergrant.service.guide import ANY_ID, Guide
from evergrant.service.pasting import Credentials, cleaned

YES = ("", "y", "yes", "ok", "done", "next", "n")

Store = Callable[[str, Secret | None], Awaitable[None]]
"""Puts the client into the vault; raises CannotAdd, StoreUnavailable."""


@dataclass(slots=True)
class Registering:
    """One walk; it can be broken off at any question, and another one goes on."""

    person: Person
    guide: Guide
    draft: Draft
    keep: Callable[[Draft], None]
    store: Store
    anew: bool = False
    """Whether there is a client, whose place this one takes."""

    async def walk(self) -> None:
        """To the end: all steps done, and the client stored."""
        if not self.draft.stored or self.draft.done < len(self.guide.steps):
            self.person.told(words.introduction(self.guide, self.draft.done, anew=self.anew))
        while self.draft.done < len(self.guide.steps):
            await self._step(self.draft.done)
        if not self.draft.stored:
            await self.credentials()

    async def credentials(self) -> None:
        """Ask for what is still missing, and store both."""
        client_id = self.draft.client_id
        if client_id:
            self.person.told(words.kept_id(self.guide, client_id))
        else:
            client_id = self._client_id()
        self._note(client_id=client_id)
        await self._stored(client_id, self._secret(client_id))

    async def _step(self, number: int) -> None:
        text, link = self.guide.steps[number]
        self.person.told(words.step(number, len(self.guide.steps), text))
        if link:
            self.person.shown(link)
        while self.draft.done == number:
            typed = cleaned(self.person.asked(words.STEP_DONE))
            if typed.lower() in YES:
                self._note(done=number + 1)
            elif typed.lower() == "b":
                self._note(done=max(number - 1, 0))
                break
            elif typed.lower() == "o":
                self.person.shown(link) if link else self.person.told(words.NO_PAGE)
            else:
                await self._take(typed)

    async def _take(self, typed: str) -> None:
        """An id that is pasted early is kept, and the secret may follow at once."""
        pasted = self._credentials
        if pasted.is_secret(typed):
            self.person.told(words.SECRET_COMES_HIDDEN)
        elif self.guide.client_id is ANY_ID or pasted.fault_of_id(typed):
            self.person.told(words.NOT_UNDERSTOOD)
        else:
            self._note(client_id=typed, stored=False)
            self.person.told(words.taken_id(self.guide))
            if self.guide.client_secret is None:
                await self._stored(typed, None)
            elif secret := self._secret(typed, may_wait=True):
                await self._stored(typed, secret)

    def _client_id(self) -> str:
        prompt = words.prompt(self.guide.client_id)
        return given(self.person, lambda: self.person.asked(prompt), self._credentials.fault_of_id)

    def _secret(self, client_id: str, *, may_wait: bool = False) -> Secret | None:
        wanted = self.guide.client_secret
        if wanted is None:
            return None
        prompt = words.hidden_prompt(wanted, may_wait=may_wait)
        text = given(
            self.person,
            lambda: self.person.asked_hidden(prompt),
            lambda text: self._credentials.fault_of_secret(text, client_id),
            may_be_empty=may_wait,
        )
        return Secret(text) if text else None

    async def _stored(self, client_id: str, secret: Secret | None) -> None:
        await self.store(client_id, secret)
        self._note(client_id=client_id, stored=True)
        self.person.told(words.stored(self.guide))

    @property
    def _credentials(self) -> Credentials:
        return Credentials(self.guide.client_id, self.guide.client_secret)

    def _note(self, **changes: object) -> None:
        self.draft = self.draft.having(**changes)
        self.keep(self.draft)
