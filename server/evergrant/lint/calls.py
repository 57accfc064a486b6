"""What tools ask for: effects that fit their methods, examples that fit and can be sent, outputs, scopes, places."""

import re
from collections.abc import Iterator, Mapping

from evergrant.calls.perform import perform
from evergrant.calls.validate import fault
from evergrant.calls.values import BadValue
from evergrant.catalog.account_value import ACCOUNT_VALUE, BadAccountValue
from evergrant.catalog.connector import Connector
from evergrant.catalog.origin import allowed, origin
from evergrant.catalog.request import RequestTemplate
from evergrant.catalog.tool import Tool
from evergrant.lint.finding import Fault, Subject


def effect_faults(name: str, tool: Tool) -> Iterator[Fault]:
    """A GET reads unless a step before it changes something, a DELETE destroys; a read never asks for permission, so
    nothing else may call itself one."""
    at = (name, "effect")
    changed = any(step.effect == "write" for step in tool.first.values())
    if tool.method == "GET" and tool.effect != "read" and not changed:
        yield Fault("effect", at, f"A GET is called {tool.effect}.", "Say read, or use the method that changes.")
    if tool.method == "DELETE" and tool.effect != "destroy":
        yield Fault("effect", at, f"A DELETE is called {tool.effect}.", "Say destroy.")
    if tool.method in ("PUT", "PATCH") and tool.effect == "read":
        yield Fault("effect", at, f"A {tool.method} is called read.", "Say write or destroy.")
    if tool.effect == "read" and changed:
        yield Fault("effect", at, "A step changes something, and the tool is called read.", "Say write.")
    if tool.pages and tool.effect != "read":
        yield Fault("effect", (name, "pages"), "Only what is read has pages.", "Leave pages out.")


def example_faults(subject: Subject, name: str, tool: Tool) -> Iterator[Fault]:
    """The example passes the schema, and its request can be built and goes where the credential may."""
    at = (name, "example")
    if wrong := fault(name, tool, tool.example):
        yield Fault("example", at, wrong.what_happened, "Correct the example or the schema.")
        return
    account = _sample(subject.connector)
    try:
        request = next(perform(subject.connector, tool, tool.example)).build(account)
        origins = allowed(subject.connector, account)
    except (BadValue, BadAccountValue, ValueError, LookupError) as error:
        yield Fault("example", at, f"No request can be made of it: {error}.", "Correct the example or the templates.")
        return
    if not any(each.admits(str(request.url)) for each in origins):
        what = f"It asks {request.url.scheme}://{request.url.host}{request.url.path}, which allow does not admit."
        yield Fault("place", (name, "request"), what, "Add its origin to allow, with the narrowest path.")


def _sample(connector: Connector) -> Mapping[str, str]:
    """Values that an account might have, good enough to build an address."""
    whole = {found[1] for url in connector.urls() if (found := ACCOUNT_VALUE.match(url))}
    return {name: f"https://x{_end_of(connector)}" if name in whole else "x" for name in connector.account}


def _end_of(connector: Connector) -> str:
    """How the host of an account value ends, by the allow-list's star."""
    stars = (re.match(r"https://\*(\.[a-z0-9.-]+)", entry) for entry in connector.allow)
    return next((found[1] for found in stars if found), ".example")


def output_faults(name: str, tool: Tool) -> Iterator[Fault]:
    """A core tool says what it gives back."""
    if tool.tier == "core" and tool.output_schema is None:
        do = "Add shape, which also keeps answers short, or output, a JSON Schema."
        yield Fault("output", (name,), "A core tool does not say what it gives back.", do)


def scope_faults(subject: Subject, name: str, tool: Tool) -> Iterator[Fault]:
    """A tool names its scopes where the service has any, and its connector asks for them."""
    oauth = subject.connector.oauth
    asked = {*oauth.scopes, *(scope for each in oauth.credentials.values() for scope in each.scopes)}
    if asked and not tool.scopes:
        yield Fault("scopes", (name,), "It does not say which scopes it needs.", "Add scopes.")
    if extra := sorted(set(tool.scopes) - asked) if tool.tier == "core" else []:
        what = f"No consent asks for {', '.join(extra)}."
        yield Fault("scopes", (name, "scopes"), what, "Add it to oauth.scopes of the connector.")


def place_faults(name: str, tool: Tool) -> Iterator[Fault]:
    """Origins that an address may have are origins."""
    requests: list[tuple[tuple[str, ...], RequestTemplate]] = [((), tool)]
    requests += [(("first", step), each) for step, each in tool.first.items()]
    for at, template in requests:
        for key, entries in (("redirects", template.redirects), ("origins", template.origins)):
            for entry in entries:
                try:
                    origin(entry)
                except ValueError as error:
                    yield Fault("place", (name, *at, key), f"{error}.", "Write one as https://files.acme.com/.")
