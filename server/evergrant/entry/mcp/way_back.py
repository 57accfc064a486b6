"""What an account that is not active needs, in words for an agent."""

from evergrant.entry.mcp.parts import Parts
from evergrant.model.account import ConnectedAccount
from evergrant.model.json import JsonObject


def way_back(parts: Parts, account: ConnectedAccount) -> JsonObject:
    """The link for its person and what to do; nothing where it can be used."""
    if account.paused and account.state == "active":
        return {"state": "paused", "what_to_do": "Only its operator can resume it. Do not guess its data."}
    if account.state == "active":
        return {}
    if account.state == "revoked":
        return {"what_to_do": "Its operator has stopped it. Its tools fail; do not guess their data."}
    link = parts.reauth_url(account.key)
    until_then = "Its tools fail until then; do not guess their data."
    what_to_do = f"Ask {account.label} to reconnect at {link.where}. {until_then}"
    code: JsonObject = {"confirmation_code": link.code} if link.code else {}
    return {"reauth_url": link.url, **code, "what_to_do": what_to_do}
