"""Ways to sign in, as the documents have them, and the one that a connector takes."""

import re
from collections.abc import Iterable, Mapping

from evergrant.making.document import Operation, Scheme
from evergrant.making.parts import mapping, text
from evergrant.making.references import References
from evergrant.making.servers import secure
from evergrant.making.words import prose
from evergrant.model.json import Json

Schemes = tuple[dict[str, Scheme], dict[str, str]]
"""Those that can be used, and why the others cannot."""
PREFERENCE = ("authorization_code", "device_code", "bearer", "header", "basic", "query", "client_credentials")
NO_FLOW = "of its flows none is here: authorization code, device code or client credentials"
Security = tuple[Mapping[str, tuple[str, ...]], ...]


def openapi_schemes(references: References, given: Json) -> Schemes:
    """The security schemes of OpenAPI 3."""
    usable, unusable = dict[str, Scheme](), dict[str, str]()
    for name, node in mapping(given).items():
        found = references.follow(node)
        kind, place = text(found.get("type")), text(found.get("in"))
        title = prose(text(found.get("description")), 60).rstrip(".")
        http = text(found.get("scheme")).lower()
        if kind == "oauth2" and (flow := _flow(mapping(found.get("flows")))):
            usable[name] = flow
        elif kind == "http" and http in ("basic", "bearer"):
            usable[name] = Scheme("basic" if http == "basic" else "bearer", title)
        elif kind == "apiKey" and place in ("header", "query"):
            usable[name] = Scheme("header" if place == "header" else "query", title, text(found.get("name")))
        elif kind == "openIdConnect":
            unusable[name] = "its endpoints are at its openIdConnectUrl, which is not asked"
        else:
            unusable[name] = NO_FLOW if kind == "oauth2" else f"{kind or '?'} {http or place}".strip()
    return usable, unusable


def swagger_schemes(given: Json) -> Schemes:
    """The security definitions of Swagger 2."""
    usable, unusable = dict[str, Scheme](), dict[str, str]()
    for name, node in mapping(given).items():
        found = mapping(node)
        kind, place, flow = text(found.get("type")), text(found.get("in")), text(found.get("flow"))
        title = prose(text(found.get("description")), 60).rstrip(".")
        flows = {"accessCode": "authorizationCode", "application": "clientCredentials"}
        if kind == "oauth2" and (scheme := _flow({flows.get(flow, flow): found})):
            usable[name] = scheme
        elif kind == "basic":
            usable[name] = Scheme("basic", title)
        elif kind == "apiKey" and place in ("header", "query"):
            usable[name] = Scheme("header" if place == "header" else "query", title, text(found.get("name")))
        else:
            unusable[name] = NO_FLOW if kind == "oauth2" else f"{kind or '?'} {place}".strip()
    return usable, unusable


def _flow(flows: Mapping[str, Json]) -> Scheme | None:
    for name in ("authorizationCode", "deviceAuthorization", "clientCredentials"):
        flow = mapping(flows.get(name))
        scopes = tuple(scope for scope in mapping(flow.get("scopes")) if scope and not set(scope) & set(" \t\n"))
        authorize = secure(text(flow.get("authorizationUrl")))
        token, device = secure(text(flow.get("tokenUrl"))), secure(text(flow.get("deviceAuthorizationUrl")))
        if name == "authorizationCode" and authorize and token:
            return Scheme("authorization_code", "", "", authorize, None, token, scopes)
        if name == "deviceAuthorization" and device and token:
            return Scheme("device_code", "", "", None, device, token, scopes)
        if name == "clientCredentials" and token:
            return Scheme("client_credentials", "", "", None, None, token, scopes)
    return None


def own_scheme(wanted: str) -> Scheme | None:
    """A way to sign that a person names and the document does not: `bearer`, `basic`, `header:X-Key`, `query:key`."""
    kind, _, parameter = wanted.partition(":")
    match kind:
        case "bearer" | "basic" if not parameter:
            return Scheme(kind)
        case "header" | "query" if re.fullmatch(r"[A-Za-z0-9_.-]+", parameter):
            return Scheme(kind, "", parameter)
        case _:
            return None


def scopes_under(security: Security, scheme: str | None) -> tuple[str, ...] | None:
    """The scopes that an operation needs when that scheme signs it; None where the scheme does not suffice."""
    if not security or scheme is None:
        return ()
    alone = [each[scheme] for each in security if set(each) == {scheme}]
    if alone:
        return min(alone, key=len)
    return () if any(not each for each in security) else None


def choose(schemes: Mapping[str, Scheme], operations: Iterable[Operation]) -> str | None:
    """The scheme that signs most of the operations; among equals the one that people prefer. None is no signing."""
    every = list(operations)
    if not schemes:
        return None

    def rank(name: str) -> tuple[int, int]:
        served = sum(scopes_under(each.security, name) is not None for each in every)
        return -served, PREFERENCE.index(schemes[name].kind)

    return min(schemes, key=rank)
