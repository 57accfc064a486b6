"""That there is an OAuth client before a consent is asked for: from flags, from a walk through the guide, or no way."""

from collections.abc import Mapping
from dataclasses import dataclass

from evergrant.app import App
from evergrant.cli.output import Output
from evergrant.cli.wizard import words
from evergrant.cli.wizard.draft import Draft, Drafts
from evergrant.cli.wizard.registering import Registering
from evergrant.cli.wizard.terminal import Person, interruptible
from evergrant.cli.wizard.values import answered, defaults
from evergrant.model.json import Json
from evergrant.model.secret import Secret
from evergrant.service.guide import Guide, guide, takes
from evergrant.service.pasting import Credentials, cleaned
from evergrant.service.registry import CannotAdd
from evergrant.settings import LOCAL_TENANT


class NoClient(Exception):
    """There is no OAuth client, and nobody to ask; the message is the guide to one."""

    def __init__(self, connector: str, found: Guide) -> None:
        super().__init__(words.no_terminal(connector, found))
        self.registration: dict[str, Json] = {
            "minutes": found.minutes,
            "steps": [{"do": text, "link": link} for text, link in found.steps],
            "redirect_uri": found.redirect_uri,
            "warning": found.warning,
            "then": words.with_flags(connector, found),
        }


@dataclass(frozen=True, slots=True)
class Given:
    """What the flags of the command say of the client."""

    client_id: str | None = None
    client_secret: Secret | None = None
    redirect_uri: str | None = None
    anew: bool = False
    """Another client in place of the one that there is."""


@dataclass(frozen=True, slots=True)
class Clients:
    """The OAuth client of one connector."""

    app: App
    connector: str
    given: Given
    scopes: tuple[str, ...]
    given_values: Mapping[str, str]
    """What the flags say that the service asks of a person."""
    person: Person | None

    async def ensure(self) -> bool:
        """See to it that there is one; whether its guide was shown. Raises NoClient, CannotAdd, Stopped."""
        if self.given.client_id is not None:
            await self._from_flags(cleaned(self.given.client_id))
            return False
        if not self._is_wanted():
            return False
        draft = self._draft()
        if self.person is None:
            raise NoClient(self.connector, self._guide(draft.redirect_uri))
        with interruptible():
            await self._registering(self.person, draft).walk()
        return True

    def warn(self, out: Output) -> None:
        """What the guide would have warned of, before a consent without it."""
        registration = self.app.catalog.connector(self.connector).registration
        if registration and registration.warning:
            out.say(words.mind(registration.warning))

    def values(self) -> dict[str, str]:
        """What the service asks, from the flags and then from whoever sits there; raises Stopped."""
        if self.person is None:
            return dict(self.given_values)
        draft = self._draft()
        values = answered(self.person, self.app.catalog.connector(self.connector), self.given_values, draft.values)
        if values != self.given_values:
            self._keep(draft.having(values=values))
        return values

    async def give_again(self, person: Person) -> None:
        """Another id and secret in place of those that were refused."""
        draft = self._draft()
        again = draft.having(done=len(self._guide(draft.redirect_uri).steps), client_id=None, stored=False)
        await self._registering(person, again).credentials()

    def _is_wanted(self) -> bool:
        if takes(self.app.catalog.connector(self.connector)) != "oauth_client":
            return False
        is_there = self.app.connections.find(LOCAL_TENANT, self.connector) is not None
        return not is_there or self.given.anew or (self.person is not None and self._is_under_way(self._draft()))

    async def _from_flags(self, client_id: str) -> None:
        draft, secret = self._draft(), self.given.client_secret
        found = self._guide(draft.redirect_uri)
        pasted = Credentials(found.client_id, found.client_secret)
        fault = pasted.fault_of_id(client_id)
        if secret and not fault:
            fault = pasted.fault_of_secret(secret.reveal(), client_id)
        if fault:
            raise CannotAdd(words.refused_flag(self.connector, fault))
        if self.person and found.client_secret and secret is None:
            given = draft.having(done=len(found.steps), client_id=client_id, stored=False)
            await self._registering(self.person, given).credentials()
        else:
            await self._store(client_id, secret, found.redirect_uri)
            Drafts(self.app.settings.home).forget(self.connector)

    def _registering(self, person: Person, draft: Draft) -> Registering:
        async def store(client_id: str, secret: Secret | None) -> None:
            await self._store(client_id, secret, draft.redirect_uri)

        return Registering(person, self._guide(draft.redirect_uri), draft, self._keep, store, self.given.anew)

    def _draft(self) -> Draft:
        """One that is under way, else a new one; what the service asks of a person is kept in any case."""
        app, fresh = self.app, Draft(redirect_uri=self._redirect_uri())
        former = Drafts(app.settings.home).find(self.connector)
        if former is None:
            return fresh
        if app.connections.find(LOCAL_TENANT, self.connector) is None:
            former = former.having(stored=False)
        return former if self._is_under_way(former) else fresh.having(values=former.values)

    def _is_under_way(self, draft: Draft) -> bool:
        steps = len(self._guide(draft.redirect_uri).steps)
        begun = draft.done or draft.client_id
        return bool(begun) and not (draft.stored and draft.done >= steps)

    def _keep(self, draft: Draft) -> None:
        Drafts(self.app.settings.home).keep(self.connector, draft)

    def _redirect_uri(self) -> str:
        redirect = self.app.catalog.connector(self.connector).redirect
        return self.given.redirect_uri or self.app.settings.redirect_uri(LOCAL_TENANT, self.connector, redirect)

    def _guide(self, redirect_uri: str) -> Guide:
        declared = self.app.catalog.connector(self.connector)
        asked = {**defaults(declared), **self.given_values}
        return guide(declared, redirect_uri, self.scopes or self.app.connect.usual_scopes(self.connector, asked))

    async def _store(self, client_id: str, secret: Secret | None, redirect_uri: str) -> None:
        await self.app.registry.add(
            LOCAL_TENANT, self.connector, client_id=client_id, client_secret=secret, redirect_uri=redirect_uri
        )
