"""The person of the demo: says yes at the provider, so that an account is connected or reconnected."""

import httpx2

from evergrant.app import App
from evergrant.demo.services import SECRET, Service
from evergrant.model.account import ConnectedAccount
from evergrant.model.secret import Secret
from evergrant.oauth.flow import parse_redirect
from evergrant.settings import LOCAL_TENANT


async def connect(app: App, service: Service, origin: str) -> ConnectedAccount:
    """Register the service's OAuth client and connect the user's account; raises CannotConnect, ConsentFailed."""
    await app.registry.add(
        LOCAL_TENANT,
        service.name,
        client_id=service.name,
        client_secret=Secret(SECRET),
        redirect_uri=app.settings.redirect_uri(LOCAL_TENANT, service.name),
    )
    begun = await app.connect.begin(LOCAL_TENANT, service.name, service.name, {"origin": origin})
    return await _consent(app, begun.url, service.user)


async def reconnect(app: App, service: Service, account: ConnectedAccount) -> ConnectedAccount:
    """Renew the grant of an account that asked for it; raises CannotConnect, ConsentFailed."""
    begun = await app.connect.begin_reauth(account)
    return await _consent(app, begun.url, service.user)


async def _consent(app: App, url: str, user: str) -> ConnectedAccount:
    """Open the consent page as that user, who agrees, and carry the redirect back."""
    async with httpx2.AsyncClient(trust_env=False) as browser:
        page = await browser.get(f"{url}&auto=approve&user={user}")
    return await app.consent.finish(parse_redirect(page.headers["Location"]))
