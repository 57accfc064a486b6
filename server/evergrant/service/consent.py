"""Finish a consent: take the provider's redirect, redeem its code once, keep what was issued."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from evergrant.calls.send import Sender
from evergrant.catalog.catalog import Catalog
from evergrant.catalog.connector import Connector
from evergrant.model.account import DEFAULT_CREDENTIAL, AccountKey, ConnectedAccount
from evergrant.model.clock import Clock
from evergrant.model.event import reauth_completed
from evergrant.model.ids import new_id
from evergrant.model.live import LiveSecrets
from evergrant.model.secret import Secret
from evergrant.model.text import plain
from evergrant.oauth.answer import Issued, Rejected, further
from evergrant.oauth.endpoint import Client, TokenEndpoint
from evergrant.oauth.flow import Redirect
from evergrant.service.connect import still_alive
from evergrant.service.guide import how_to_register, is_about_redirect
from evergrant.service.person import Person, Unidentified, identify
from evergrant.store.database import StoreUnavailable, TenantGone
from evergrant.store.locks import AccountLocks, LockBusy
from evergrant.tokens.successor import Successors
from evergrant.vault.accounts import Accounts, AliasTaken
from evergrant.vault.authorizations import Authorization, Authorizations, Status
from evergrant.vault.connections import Connections
from evergrant.vault.grants import Grants
from evergrant.vault.seal import SealBroken

LONGEST_ERROR = 80


class ConsentFailed(Exception):
    """A consent came to nothing; nothing is half-made. The message says what to do."""


class LinkEnded(ConsentFailed):
    """The consent was used, cancelled or came too late."""


class Declined(ConsentFailed):
    """The person said no at the provider."""


class UnknownRedirect(ConsentFailed):
    """The provider has another redirect URI than the one that was asked for, or none."""


class OtherPerson(ConsentFailed):
    """Another person signed in than the one whose account was to be renewed."""


@dataclass(frozen=True, slots=True)
class Consent:
    """The second half of connecting: from the provider's redirect to the stored grant."""

    catalog: Catalog
    connections: Connections
    accounts: Accounts
    grants: Grants
    authorizations: Authorizations
    endpoint: TokenEndpoint
    successors: Successors
    locks: AccountLocks
    sender: Sender
    clock: Clock
    live: LiveSecrets

    async def finish(self, redirect: Redirect) -> ConnectedAccount:
        """The account that a redirect makes; its code is redeemed once only. Raises ConsentFailed."""
        authorization = self.waiting(redirect)
        if not await self.authorizations.take(authorization):
            raise _used()
        return await self._ended(authorization, lambda client: code_of(client, redirect))

    async def hold(self, authorization: Authorization, redirect: Redirect) -> None:
        """Keep the code of a redirect until the tenant's back end has confirmed it; raises ConsentFailed."""
        try:
            code = code_of(self._client(authorization), redirect)
        except ConsentFailed:
            await self.finish(redirect)  # it fails in the same way, and that is then written
            raise
        if not await self.authorizations.hold(authorization, code):
            raise _used()

    async def confirm(self, authorization: Authorization) -> ConnectedAccount:
        """The account of a code that was kept, and is redeemed now; once only. Raises ConsentFailed."""
        code = await self.authorizations.release(authorization)
        if code is None:
            raise _used()
        return await self._ended(authorization, lambda _: code)

    async def _ended(self, authorization: Authorization, code: Callable[[Client], Secret]) -> ConnectedAccount:
        try:
            account = await self._finish(authorization, code)
        except (ConsentFailed, StoreUnavailable, SealBroken) as failed:
            status: Status = "other_person" if isinstance(failed, OtherPerson) else "failed"
            await self.authorizations.finish(authorization, status, str(failed))
            raise
        await self.authorizations.finish(authorization, "done", account.id)
        return account

    def waiting(self, redirect: Redirect) -> Authorization:
        """The consent that waits for this answer; raises ConsentFailed."""
        for given in (redirect.state, redirect.code):
            if given is not None:
                self.live.note(given)
        found = self.authorizations.with_state(redirect.state)
        if found is None:
            raise ConsentFailed("This link was not made here, or it is old. Start again: evergrant connect")
        if found.status == "cancelled":
            raise LinkEnded(f"This link was cancelled. Start again: evergrant connect {found.connector}")
        if found.status != "pending":
            raise _used()
        if self.clock.now() >= found.expires_at:
            raise LinkEnded(f"This link has expired. Start again: evergrant connect {found.connector}")
        return found

    async def _finish(self, authorization: Authorization, code: Callable[[Client], Secret]) -> ConnectedAccount:
        client = self._client(authorization)
        return await self.keep(client, authorization, await self._redeem(client, authorization, code(client)))

    async def keep(self, client: Client, authorization: Authorization, issued: Issued) -> ConnectedAccount:
        """The account that freshly issued tokens make, stored with them; raises ConsentFailed, and nothing is kept."""
        try:
            person = await identify(self.sender, client.connector, client.account, issued)
            return await self._store(client, self._account(client.connector, authorization, issued, person), issued)
        except ConsentFailed:
            await self._take_back(client, issued)
            raise
        except TenantGone as gone:
            await self._take_back(client, issued)
            raise ConsentFailed(str(gone)) from None
        except Unidentified as error:
            await self._take_back(client, issued)
            raise ConsentFailed(str(error)) from None

    async def _take_back(self, client: Client, issued: Issued) -> None:
        """What was issued is wanted by nobody: it must not live on at the provider."""
        for each in (issued, *further(client.connector, issued).values()):
            await self.endpoint.revoke(client, self.successors.of(client.connector, each, None))

    def _client(self, authorization: Authorization) -> Client:
        connection = self.connections.by_id(authorization.tenant_id, authorization.connection_id)
        if connection is None:
            raise ConsentFailed(f"The {authorization.connector} connection was removed. Add it and start again.")
        asked = replace(connection, redirect_uri=authorization.redirect_uri)
        return Client(self.catalog.connector(authorization.connector), asked, authorization.values)

    async def _redeem(self, client: Client, authorization: Authorization, code: Secret) -> Issued:
        proof: dict[str, Secret | str] = {"redirect_uri": authorization.redirect_uri}
        if client.connector.oauth.pkce:
            proof["code_verifier"] = authorization.code_verifier
        answer = await self.endpoint.exchange_code(client, code, proof)
        if isinstance(answer, Rejected):
            raise _why_not(client, answer)
        for issued in (answer.access_token, answer.refresh_token):
            if issued is not None:
                self.live.note(issued)
        return answer

    def _account(
        self, connector: Connector, authorization: Authorization, issued: Issued, person: Person
    ) -> ConnectedAccount:
        """The account as its tokens describe it; a renewed one keeps its id, alias and birthday."""
        former = self._former(authorization, person.subject)
        now = self.clock.now()
        return ConnectedAccount(
            id=former.id if former else new_id("conn", now),
            tenant_id=authorization.tenant_id,
            connection_id=authorization.connection_id,
            connector=authorization.connector,
            alias=former.alias if former else authorization.alias,
            subject=person.subject,
            label=person.label,
            state="active",
            cause=None,
            scopes_requested=authorization.scopes,
            scopes_granted=_granted(connector, authorization.scopes, issued),
            values=person.values,
            created_at=former.created_at if former else now,
        )

    def _former(self, authorization: Authorization, subject: str) -> ConnectedAccount | None:
        """The account that this consent renews: the one asked for, else one of the same person."""
        same = self.accounts.of_subject(authorization.connection_id, authorization.tenant_id, subject)
        if same and same.state == "revoked":
            raise ConsentFailed(still_alive(same))
        if authorization.account_id is None or (same and same.id == authorization.account_id):
            return same
        if self.accounts.get(AccountKey(authorization.tenant_id, authorization.account_id)) is None:
            raise ConsentFailed(
                f"The account was removed. Connect it anew: evergrant connect {authorization.connector}"
            )
        raise OtherPerson(
            f"Another person signed in than the one whose account {authorization.alias!r} is. Nothing was changed. "
            f"Sign in as that person, or connect this one anew: evergrant connect {authorization.connector}"
        )

    async def _store(self, client: Client, account: ConnectedAccount, issued: Issued) -> ConnectedAccount:
        """Under the account's lock: an exchange of the former grant under way must not meet the new one."""
        try:
            async with self.locks.hold(account.key):
                return await self._keep(client, account, issued)
        except LockBusy:
            return await self._keep(client, account, issued)  # the exchange held up will find a newer generation

    async def _keep(self, client: Client, account: ConnectedAccount, issued: Issued) -> ConnectedAccount:
        connector = client.connector
        grant = self.successors.of(connector, issued, None)
        others = {name: self.successors.of(connector, each, None) for name, each in further(connector, issued).items()}
        event = reauth_completed(account, self.clock.now())
        try:
            stored = await self.grants.connect(account, grant, event, others)
        except AliasTaken:
            free = self.accounts.free_alias(account.tenant_id, account.alias)
            stored = await self.grants.connect(replace(account, alias=free), grant, event, others)
        if not issued.end_stated and (held := self.grants.load(stored.grant_key)):
            await self.successors.learn_end(replace(client, account=account.values), held)
        return stored


def _granted(connector: Connector, requested: tuple[str, ...], issued: Issued) -> tuple[str, ...]:
    """What each credential's part of the answer says, or as requested where it is silent (RFC 6749 5.1)."""
    granted: list[str] = []
    for credential, part in {DEFAULT_CREDENTIAL: issued, **further(connector, issued)}.items():
        asked = (scope for scope in requested if connector.oauth.credential_of(scope) == credential)
        granted += asked if part.scopes is None else part.scopes
    return tuple(granted)


def _used() -> ConsentFailed:
    return LinkEnded("This link was used already. If the account is not listed, start again: evergrant connect")


def code_of(client: Client, redirect: Redirect) -> Secret:
    """The code of a redirect that is a consent by the server that was asked; raises ConsentFailed."""
    name = client.connector.name
    if not _from_expected_issuer(client, redirect):
        raise ConsentFailed("The answer came from another authorization server than the one asked (RFC 9207).")
    if redirect.error == "access_denied":
        raise Declined(f"The consent was declined at {name}. Nothing was stored.")
    if redirect.error or redirect.code is None:
        said = plain(redirect.error or "", LONGEST_ERROR) or "without a code"
        if is_about_redirect(redirect.error, redirect.error_description):
            raise _unknown_redirect(client, said)
        raise ConsentFailed(f"{name} answered {said}. Nothing was stored.")
    return redirect.code


def _from_expected_issuer(client: Client, redirect: Redirect) -> bool:
    """RFC 9207 2.4: where an issuer is known, an `iss` must be it; where one is promised, it must be there."""
    oauth = client.connector.oauth
    if oauth.issuer is None:
        return True
    if redirect.iss is None:
        return not oauth.authorization_response_iss_parameter_supported
    return redirect.iss == client.expand(oauth.issuer)


def _why_not(client: Client, answer: Rejected) -> ConsentFailed:
    name, connector, code = client.connector.name, client.connection.connector, answer.code
    if is_about_redirect(answer.code, answer.message):
        return _unknown_redirect(client, code or "")
    if answer.class_ == "config":
        return ConsentFailed(
            f"{name} refused this server's OAuth client ({code}). Check the client id and secret. "
            f"{how_to_register(client.connector, client.connection.redirect_uri)}\nThen: "
            f"evergrant connect {connector} --new-client, or: "
            f"evergrant connections add {connector} --client-id ... --client-secret-stdin"
        )
    if answer.class_ == "terminal":
        return ConsentFailed(f"{name} does not take this code ({code}). Start again: evergrant connect {connector}")
    return ConsentFailed(f"{name} could not redeem the code just now ({code}). Start again in a minute.")


def _unknown_redirect(client: Client, said: str) -> UnknownRedirect:
    register = how_to_register(client.connector, client.connection.redirect_uri)
    again = f"evergrant connect {client.connection.connector}"
    return UnknownRedirect(f"{client.connector.name} answered {said}. Nothing was stored.\n{register}\nThen: {again}")
