"""What a connector's own file must say beside what its types ask for."""

from collections.abc import Iterator

from evergrant.catalog.connector import STRANGERS, Connector
from evergrant.catalog.origin import origin
from evergrant.lint.finding import Fault, Subject
from evergrant.lint.inputs import tokens

MOST_MEAN_TOKENS = 300
"""Of one connector; the mean of all is to be below 250, so one with large records needs others that are small."""


def connector_faults(subject: Subject) -> Iterator[Fault]:
    """Faults of one connector."""
    connector = subject.connector
    yield from _error_faults(connector)
    yield from _guide_faults(connector)
    yield from _host_faults(connector)
    if not connector.description.endswith(".") or not 30 <= len(connector.description) <= 200:
        do = "Write 30 to 200 characters that end with a full stop."
        yield Fault("connector", ("description",), "It is not a sentence that says what is in it.", do)
    sizes = [tokens(name, tool) for name, tool in subject.tools.items()]
    if sizes and (mean := sum(sizes) // len(sizes)) > MOST_MEAN_TOKENS:
        do = f"Keep the mean below {MOST_MEAN_TOKENS}: shorter descriptions, fewer inputs."
        yield Fault("size", ("name",), f"Its tools have about {mean} tokens each.", do)


def _error_faults(connector: Connector) -> Iterator[Fault]:
    token, api = connector.errors.token, connector.errors.api
    if connector.auth is None and not any(rule.class_ == "terminal" and rule.code for rule in token.rules):
        do = "Add a rule of class terminal with the codes of a dead grant."
        yield Fault("errors", ("errors", "token"), "No code says that a grant is dead.", do)
    for where, table in (("token", token), ("api", api)):
        if where == "token" and connector.auth is not None:
            continue
        if not table.message and not table.code:
            do = "Add pointers to the code and the message of a failure."
            yield Fault("errors", ("errors", where), "Nothing says where a failure is told.", do)


def _guide_faults(connector: Connector) -> Iterator[Fault]:
    by_consent = connector.auth is None and connector.oauth.grant_type == "authorization_code"
    if by_consent and connector.registration is None and not _is_local(connector):
        do = "Add registration: its steps, with links that have everything filled in."
        yield Fault("registration", ("oauth",), "Nobody is told how to register an OAuth client.", do)


def _is_local(connector: Connector) -> bool:
    """The practice provider brings its own client."""
    return connector.base_url.startswith("{") and any("127" in value.pattern for value in connector.account.values())


def _host_faults(connector: Connector) -> Iterator[Fault]:
    for number, entry in enumerate(connector.allow):
        if "{" in entry:
            continue
        try:
            origin(entry)
        except ValueError as error:
            yield Fault("place", ("allow", str(number)), f"{error}.", "Write one as https://api.acme.com/v1/.")
    for name, value in connector.account.items():
        if value.pattern in (".*", ".+", r"\S+", r"\S*") and value.from_ != "user":
            what = f"{value.pattern!r} lets everything through, also {STRANGERS[0]}."
            yield Fault("account", ("account", name), what, "Write what a good value looks like.")
