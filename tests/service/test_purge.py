"""A tenant is purged while an account of it is being connected, or a grant of it renewed: nothing comes back."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
from tests.fakes.consent import approve
from tests.fakes.practice import CLIENT_ID, CLIENT_SECRET, OWN_REDIRECT_URI, Practice, practice
from tests.vault.test_tenants import rows_of
from typing_extensions import override

from evergrant.model.account import ConnectedAccount
from evergrant.model.outcome import Refused
from evergrant.model.secret import Secret
from evergrant.oauth.flow import parse_redirect
from evergrant.sandbox.behaviour import Behaviour, Rotation
from evergrant.service.connect import CONSENT_TIME, CannotConnect
from evergrant.service.consent import ConsentFailed
from evergrant.service.tenants import REDEEMED_WITHIN, CannotRemoveTenant

pytestmark = pytest.mark.anyio
ACME = "tnt_acme"


@dataclass
class Slow(httpx2.AsyncBaseTransport):
    """The network, but for an answer of the token endpoint that is on its way until it may go on."""

    armed: bool = False
    under_way: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    # An empty trust store: nothing here speaks TLS.
    _wire: httpx2.AsyncHTTPTransport = field(
        default_factory=lambda: httpx2.AsyncHTTPTransport(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    )

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = await self._wire.handle_async_request(request)
        if self.armed and request.url.path.endswith("/token"):
            self.armed = False
            self.under_way.set()
            await self.go_on.wait()
        return answer

    @override
    async def aclose(self) -> None:
        await self._wire.aclose()


@dataclass(frozen=True)
class Scene:
    """A vault with a tenant that has an OAuth client, at a provider where a spent token's end ends no other."""

    world: Practice
    slow: Slow

    @property
    def left(self) -> dict[str, int]:
        return rows_of(self.world.app.vault.database, ACME)

    async def consented(self) -> str:
        """The address to which a person's consent leads back."""
        begun = await self.world.app.connect.begin(ACME, "sandbox", "theirs", {"origin": self.world.url})
        return await approve(begun.url)

    async def connects(self) -> ConnectedAccount:
        return await self.world.app.consent.finish(parse_redirect(await self.consented()))

    async def purge(self) -> list[str]:
        """What became of each account at its provider."""
        return [receipt.outcome for receipt in await self.world.app.tenant_desk.remove(ACME, purge=True)]

    async def has_written(self) -> None:
        await self.world.app.audit.journal.drain()


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncGenerator[Scene, None]:
    slow = Slow()
    behaviour = Behaviour(access_token_ttl=1800, rotation=Rotation.STRICT)
    async with practice(tmp_path, behaviour, transport=slow) as world:
        await world.app.tenant_desk.make("Acme", ACME)
        secret = Secret(CLIENT_SECRET)
        await world.app.registry.add(
            ACME, "sandbox", client_id=CLIENT_ID, client_secret=secret, redirect_uri=OWN_REDIRECT_URI
        )
        yield Scene(world, slow)


async def test_a_consent_under_way_is_waited_for_and_its_account_is_then_ended(scene: Scene) -> None:
    redirect = parse_redirect(await scene.consented())
    scene.slow.armed = True
    connecting = asyncio.create_task(scene.world.app.consent.finish(redirect))
    await scene.slow.under_way.wait()
    with pytest.raises(CannotRemoveTenant):
        await scene.purge()
    scene.slow.go_on.set()
    await connecting

    assert await scene.purge() == ["ok"]
    await scene.has_written()
    assert (scene.left, scene.world.sandbox.count.revocations) == ({}, 1)


async def test_a_consent_that_ends_after_the_purge_is_given_back_and_leaves_nothing(scene: Scene) -> None:
    redirect = parse_redirect(await scene.consented())
    scene.slow.armed = True
    connecting = asyncio.create_task(scene.world.app.consent.finish(redirect))
    await scene.slow.under_way.wait()
    scene.world.clock.advance((CONSENT_TIME + REDEEMED_WITHIN).total_seconds())
    assert await scene.purge() == []
    scene.slow.go_on.set()
    with pytest.raises(ConsentFailed, match="removed"):
        await connecting

    await scene.has_written()
    assert (scene.left, scene.world.sandbox.count.revocations) == ({}, 1)


async def test_a_renewal_that_ends_after_the_purge_brings_nothing_back_and_its_token_is_revoked(scene: Scene) -> None:
    account = await scene.connects()
    scene.world.clock.advance(1801)
    scene.slow.armed = True
    renewing = asyncio.create_task(scene.world.app.tokens.grant(account.grant_key))
    await scene.slow.under_way.wait()
    await scene.purge()
    revoked = scene.world.sandbox.count.revocations
    assert scene.left == {}
    scene.slow.go_on.set()
    with pytest.raises(Refused):
        await renewing

    await scene.has_written()
    assert (scene.left, scene.world.sandbox.count.refreshes) == ({}, 1)
    assert scene.world.sandbox.count.revocations == revoked + 1
    assert scene.world.app.vault.spool.waiting() == 0


async def test_a_consent_that_is_begun_after_the_purge_is_refused(scene: Scene) -> None:
    wish = scene.world.app.connect.wish(ACME, "sandbox", "theirs", {"origin": scene.world.url})
    await scene.purge()
    with pytest.raises(CannotConnect, match="removed"):
        await scene.world.app.connect.ask(wish)

    assert scene.left == {}
