"""A person who renews the grant of an account through the provider's own consent page."""

from tests.fakes.consent import approve

from evergrant.app import App
from evergrant.model.account import ConnectedAccount
from evergrant.oauth.flow import parse_redirect


async def reconnect(app: App, account: ConnectedAccount, user: str = "anna") -> ConnectedAccount:
    """The account with its new grant."""
    begun = await app.connect.begin_reauth(account)
    return await app.consent.finish(parse_redirect(await approve(begun.url, user)))
