"""The connector's own file: where the service lives, how it is signed for, and how it says no."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from urllib.parse import urlsplit

from evergrant.making.document import Document, Operation, Scheme
from evergrant.making.failing import error_pointers
from evergrant.making.identity import Who, who
from evergrant.making.servers import secure
from evergrant.making.words import clean, prose, sentence
from evergrant.model.json import Json

Comments = Mapping[tuple[str, ...], str]
"""What is said beside a key."""
GOOGLE_SCOPES = ("openid", "https://www.googleapis.com/auth/userinfo.email")
IDLE_WORDS = re.compile(
    r"\b(?:rest(?:ful)?|web|http|json|public|open|the)?\s*\b(?:api|apis|openapi|swagger|specification|reference)\b|"
    r"\bv?\d+(?:\.\d+)+\b|\bv\d+\b|[()\[\]{}]",
    re.IGNORECASE,
)

OF_GOOGLE = re.compile(r"google|gmail|youtube", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ConnectorMade:
    """The keys of the file, what is said beside them, and what a person should know."""

    keys: Mapping[str, Json]
    comments: Comments
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the chosen operations ask of their connector."""

    name: str
    base_url: str
    scheme: Scheme | None
    scopes: tuple[str, ...]
    encoding: str
    chosen: Sequence[Operation]
    today: date


def title_of(document: Document, name: str) -> str:
    """What people call the service."""
    found = clean(IDLE_WORDS.sub(" ", document.title)).strip(" -:,.|/")[:40].strip()
    if document.is_google and found and not OF_GOOGLE.match(found):
        return f"Google {found}"
    return found or name.replace("_", " ").title()


def connector_of(document: Document, wanted: Wanted) -> ConnectorMade:
    """The file's keys in the order of the files that were written by hand."""
    title = title_of(document, wanted.name)
    docs = _docs(document, wanted.base_url)
    known = _known(document, wanted)
    if document.is_google and wanted.scheme in document.schemes.values():
        return _of_google(document, wanted, title, docs)
    is_signed = wanted.scheme is not None
    account = {**document.account, **_of_basic(wanted.scheme, title), **(known.account)}
    keys: dict[str, Json] = {
        "name": title,
        "description": _description(document, title),
        "docs": docs,
        "base_url": wanted.base_url,
        **_allow(wanted),
        **({"encoding": wanted.encoding} if wanted.encoding != "json" else {}),
        **({"account": account} if account else {}),
        **_sign_in(wanted, title, docs),
        "grant": _grant(wanted, docs),
        "identity": _identity(known, is_signed=is_signed),
        "errors": _errors(document, wanted),
    }
    return ConnectorMade(keys, _comments(known, wanted), tuple(_notes(known, wanted)))


def with_headers(made: ConnectorMade, headers: Mapping[str, Json]) -> ConnectorMade:
    """The same with headers that every request has, after the addresses."""
    if not headers:
        return made
    before = [key for key in made.keys if key in ("extends", "name", "description", "docs", "base_url", "allow")]
    first: dict[str, Json] = {key: made.keys[key] for key in before}
    return replace(made, keys={**first, "headers": headers, **{k: v for k, v in made.keys.items() if k not in first}})


def _known(document: Document, wanted: Wanted) -> Who:
    """Who an account is; where the service does not say it, one who has a user name is known by it."""
    known = who(document, document.operations, wanted.base_url)
    if known.is_told or wanted.scheme is None or wanted.scheme.kind != "basic":
        return known
    return replace(known, keys={**known.keys, "subject": ["{account.username}"]}, account={})


def _of_google(document: Document, wanted: Wanted, title: str, docs: str) -> ConnectorMade:
    keys: dict[str, Json] = {
        "extends": "google",
        "name": title,
        "description": _description(document, title),
        "docs": docs,
        "base_url": wanted.base_url,
        **_allow(wanted),
        "oauth": {"scopes": [*GOOGLE_SCOPES, *wanted.scopes]},
    }
    said = "the narrowest that each tool can do with; see whether fewer are enough"
    return ConnectorMade(keys, {("oauth", "scopes"): said}, ())


def _description(document: Document, title: str) -> str:
    said = sentence(prose(document.description, 160).removesuffix(" ..."))
    if not (30 <= len(said) <= 200):
        said = f"Operations of {title}, made from the description that it gives of itself."
    return said


def _docs(document: Document, base_url: str) -> str:
    origin = re.match(r"[a-z]+://[^/{}]+", base_url)
    found = (secure(document.docs), origin[0] if origin else "")
    return next((each for each in found if each and "{" not in each), "https://example.com/")


def _allow(wanted: Wanted) -> dict[str, Json]:
    others = dict.fromkeys(each.base_url for each in wanted.chosen if each.base_url)
    entries = [f"{each.rstrip('/')}/" for each in (wanted.base_url, *others) if each]
    return {"allow": entries} if others else {}


def _of_basic(scheme: Scheme | None, title: str) -> dict[str, Json]:
    if scheme is None or scheme.kind != "basic":
        return {}
    return {"username": {"from": "user", "title": f"User name at {title}", "pattern": r"\S{1,200}"}}


def _sign_in(wanted: Wanted, title: str, docs: str) -> dict[str, Json]:
    scheme = wanted.scheme
    if scheme is None:
        return {"auth": {"kind": "none"}}
    if scheme.token_endpoint:
        return _oauth(scheme, wanted, title, docs)
    named = scheme.title if 3 <= len(scheme.title) <= 30 else "Password" if scheme.kind == "basic" else "API key"
    typed: dict[str, Json] = {"title": named, "help": docs, "pattern": r"\S+"}
    match scheme.kind:
        case "basic":
            return {"auth": {"kind": "basic", "username": "{account.username}", **typed}}
        case "query":
            return {"auth": {"kind": "api_key", "query": scheme.parameter, **typed}}
        case "header":
            return {"auth": {"kind": "api_key", "header": scheme.parameter, **typed}}
        case _:
            return {"auth": {"kind": "api_key", "header": "Authorization", "prefix": "Bearer ", **typed}}


def _oauth(scheme: Scheme, wanted: Wanted, title: str, docs: str) -> dict[str, Json]:
    oauth: dict[str, Json] = {
        **({"grant_type": scheme.kind} if scheme.kind != "authorization_code" else {}),
        **({"authorization_endpoint": scheme.authorization_endpoint} if scheme.authorization_endpoint else {}),
        **({"device_authorization_endpoint": scheme.device_endpoint} if scheme.device_endpoint else {}),
        "token_endpoint": scheme.token_endpoint,
        "token_endpoint_auth_method": "client_secret_post",
        "scopes": list(wanted.scopes),
    }
    say = f"Register an OAuth client with {title}, with the redirect URI {{redirect_uri}}"
    steps: Json = [
        {"do": f"{say} and these scopes: {{scopes}}." if wanted.scopes else f"{say}.", "link": docs},
        {"do": "Copy its client ID and client secret."},
    ]
    pasted: dict[str, Json] = {
        "client_id": {"title": "Client ID", "pattern": r"\S+", "looks_like": "a word without spaces"},
        "client_secret": {"title": "Client secret", "pattern": r"\S+", "looks_like": "a word without spaces"},
    }
    return {"oauth": oauth, "registration": {"minutes": 5, "steps": steps, **pasted}}


def _grant(wanted: Wanted, docs: str) -> dict[str, Json]:
    is_alone = wanted.scheme is not None and wanted.scheme.kind == "client_credentials"
    rotation = "never" if is_alone or wanted.scheme is None or not wanted.scheme.token_endpoint else "unknown"
    return {"rotation": rotation, "source": docs, "verified_on": wanted.today.isoformat()}


def _identity(known: Who, *, is_signed: bool) -> dict[str, Json]:
    """A service that knows nobody is not asked who it is."""
    return {key: value for key, value in known.keys.items() if is_signed or known.is_told or key != "request"}


def _errors(document: Document, wanted: Wanted) -> dict[str, Json]:
    failures = [schema for each in wanted.chosen for schema in each.failures]
    codes, words = error_pointers(document.references, failures)
    api: dict[str, Json] = {"code": list(codes), "message": list(words)}
    if wanted.scheme is None or not wanted.scheme.token_endpoint:
        return {"api": api}
    rules: list[Json] = [
        {"class": "terminal", "code": ["invalid_grant"]},
        {"class": "config", "code": ["invalid_client", "unauthorized_client", "invalid_scope"]},
    ]
    return {"token": {"code": ["/error"], "message": ["/error_description"], "rules": rules}, "api": api}


def _comments(known: Who, wanted: Wanted) -> Comments:
    comments: dict[tuple[str, ...], str] = {
        ("grant", "verified_on"): "when this was made; look the grant's facts up and say when you did",
        ("identity",): "" if known.is_told else "the document does not say who a credential belongs to",
    }
    if wanted.scheme is not None and wanted.scheme.token_endpoint:
        comments[("grant", "rotation")] = (
            "never, always or optional; the reference of the language says what each means"
        )
        comments[("oauth", "token_endpoint_auth_method")] = "or client_secret_basic, or none"
        comments[("registration",)] = "links to the very pages help whoever registers the client"
        if not wanted.scopes:
            comments[("oauth", "scopes")] = "the document does not say which ones the operations need"
    return {place: said for place, said in comments.items() if said}


def _notes(known: Who, wanted: Wanted) -> Sequence[str]:
    notes = list[str]()
    if wanted.scheme is None:
        how = "--security bearer, basic, header:NAME or query:NAME, or write it under auth or oauth"
        notes.append(f"The document names no way to sign in. If there is one: {how}.")
    if not known.is_told and wanted.scheme is not None:
        asked = urlsplit(str(known.keys["request"]).partition(" ")[2]).path or "/"
        notes.append(
            f"Nothing in the document tells who a credential belongs to: the key is tried with GET {asked}, and the "
            "person names the account. If there is a better call, name it under identity."
        )
    others = sorted({each.base_url for each in wanted.chosen if each.base_url})
    if others and wanted.scheme is not None:
        notes.append(f"Some tools send the credential to {', '.join(others)} as well: see allow.")
    if wanted.scheme is not None and wanted.scheme.token_endpoint and not wanted.scopes and wanted.scheme.scopes:
        some = ", ".join(wanted.scheme.scopes[:8])
        notes.append(f"No operation says which scopes it needs. There are {some}: put them under oauth and each tool.")
    return notes
