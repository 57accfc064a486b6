"""The person of the demo: opens a link, gives its code and says yes at the provider, as in a browser."""

from urllib.parse import urlsplit

import httpx2
from starlette.applications import Starlette

from evergrant.app import App
from evergrant.demo.services import SECRET, Service
from evergrant.entry.consents import Consents
from evergrant.entry.cookies import Cookies
from evergrant.entry.pages import consent_routes
from evergrant.model.account import ConnectedAccount
from evergrant.model.link import Link
from evergrant.model.secret import Secret
from evergrant.service.consent import ConsentFailed
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
    claims = app.links.to_connect(LOCAL_TENANT, service.name, service.name, {"origin": origin})
    return await consent(app, service, app.links.made(claims))


async def consent(app: App, service: Service, link: Link) -> ConnectedAccount:
    """Follow the link to its end as the service's user, who agrees; raises ConsentFailed where nothing came of it."""
    site = "{0.scheme}://{0.netloc}".format(urlsplit(link.url))
    async with httpx2.AsyncClient(mounts={site: _pages(app)}, trust_env=False) as browser:
        asked = await browser.post(link.url, data={"code": link.code or ""}, headers={"Origin": site})
        agreed = await browser.get(f"{asked.headers['Location']}&auto=approve&user={service.user}")
        page = await browser.get(agreed.headers["Location"])
    account = app.accounts.named(LOCAL_TENANT, service.name)
    if page.status_code != 200 or account is None:
        raise ConsentFailed(f"The consent at {service.title} came to nothing.")
    return account


def _pages(app: App) -> httpx2.AsyncBaseTransport:
    """The pages of a consent, in this process: what a browser would fetch from the server."""
    consents = Consents(
        app.links, app.proofs, app.answers, app.tenant_desk.serves, Cookies(secure=False), app.settings.return_url
    )
    return httpx2.ASGITransport(Starlette(routes=consent_routes(consents)))
