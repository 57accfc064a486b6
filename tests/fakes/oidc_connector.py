"""A connector for the certified authorization server of the tests, as a user would write one: two YAML files."""

from pathlib import Path

from tests.fakes.oidc_provider import OidcProvider

NAME = "certified"

CONNECTOR = """
name: Certified
description: A certified authorization server with a tiny API.
docs: https://www.rfc-editor.org/rfc/rfc6749
base_url: {issuer}/api
oauth:
  issuer: {issuer}
  authorization_endpoint: {provider.authorization_endpoint}
  authorization_response_iss_parameter_supported: true
  authorization_params: {{prompt: consent}}
  token_endpoint: {provider.token_endpoint}
  token_endpoint_auth_method: client_secret_basic
  revocation_endpoint: {provider.revocation_endpoint}
  scopes: [openid, offline_access, crm.read]
grant:
  rotation: always
  reuse_revokes_family: true
  source: "https://github.com/panva/node-oidc-provider"
  verified_on: "2026-11-23"
identity: {{request: "GET {issuer}/api/me", subject: [/sub], label: [/sub]}}
"""

TOOLS = """
certified_search_contacts:
  description: Search the contacts by a part of their name. Reads only.
  request: GET /contacts
  effect: read
  input: {query: {type: string, description: A part of the name.}}
  example: {query: a}
certified_append_row:
  description: Append one row to the sheet of the signed-in person.
  request: POST /rows
  effect: write
  input: {row: {type: array, description: The cells., items: {type: string}}}
  required: [row]
  example: {row: [a, b]}
"""


def write_connector(folder: Path, provider: OidcProvider) -> Path:
    """The folder for EVERGRANT_CONNECTOR_PATH, with the connector in it."""
    for kind, text in (
        ("connectors", CONNECTOR.format(provider=provider, issuer=provider.issuer)),
        ("schemas", TOOLS),
    ):
        (folder / kind).mkdir(parents=True)
        (folder / kind / f"{NAME}.yaml").write_text(text, encoding="utf-8")
    return folder
