"""A person at a browser, scripted: logs in and answers the consent page of any server whose pages are plain forms.

Understands `<form>` with `<input>` and `<button>`, and links; not scripts, `<select>` or `<textarea>`.
"""

import ssl
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Literal
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx2
from typing_extensions import override

Decision = Literal["approve", "deny"]

MOST_STEPS = 20
WORDS_OF_REFUSAL = frozenset({"abort", "cancel", "decline", "deny", "disallow", "no", "refuse", "reject"})
BUTTON_TYPES_OF_NO_SUBMISSION = frozenset({"button", "reset"})


async def approve(
    authorize_url: str, login: str = "anna", *, transport: httpx2.AsyncBaseTransport | None = None
) -> str:
    """Logs in, consents, and returns the URL that takes the browser back to the client's redirect_uri.

    That URL is not fetched. Starts at an authorization request (RFC 6749 section 4.1.1) or at any page that leads
    to one. Each call is a new browser, without cookies. Without a `transport` it reaches http addresses only.

    Raises AssertionError at a page that cannot be answered.
    """
    return await _walk(authorize_url, login, "approve", transport)


async def deny(authorize_url: str, login: str = "anna", *, transport: httpx2.AsyncBaseTransport | None = None) -> str:
    """As `approve`, but refuses: by a button that says so, else, once logged in, by a link that says so.

    Raises AssertionError also when the server took the login and offered no way to refuse.
    """
    return await _walk(authorize_url, login, "deny", transport)


@dataclass(frozen=True)
class _Visit:
    """The next request of the browser."""

    url: str
    method: str = "GET"
    body: str | None = None


async def _walk(url: str, login: str, decision: Decision, transport: httpx2.AsyncBaseTransport | None) -> str:
    visit, redirect_uri = _Visit(url), None
    async with httpx2.AsyncClient(transport=transport or _plain_http(), trust_env=False) as browser:
        for _ in range(MOST_STEPS):
            # The first one counts: a server that sends its users on to another server to log in has one of its own.
            redirect_uri = redirect_uri or _redirect_uri_asked_for(visit.url)
            if redirect_uri and _is_same_page(visit.url, redirect_uri):
                return visit.url
            visit = _next_visit(await _fetch(browser, visit), login, decision)
    raise AssertionError(f"no redirect to the client after {MOST_STEPS} requests; the next would be {visit.url}")


def _plain_http() -> httpx2.AsyncBaseTransport:
    # An empty trust store: loading the system's would take longer than the whole consent over loopback.
    return httpx2.AsyncHTTPTransport(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


async def _fetch(browser: httpx2.AsyncClient, visit: _Visit) -> httpx2.Response:
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if visit.body is not None else {}
    return await browser.request(visit.method, visit.url, content=visit.body, headers=headers)


def _next_visit(response: httpx2.Response, login: str, decision: Decision) -> _Visit:
    here = str(response.url)
    if response.status_code in {301, 302, 303}:
        return _Visit(urljoin(here, response.headers["location"]))
    assert response.status_code == 200, f"{here} answered {response.status_code}: {response.text[:500]}"
    page = _Page(response.text)
    visit = _refusal(page, here, login) if decision == "deny" else _consent(page, here, login)
    assert visit, f"no way to {decision} at {here}: {response.text[:500]}"
    return visit


def _consent(page: "_Page", here: str, login: str) -> _Visit | None:
    # Consent changes something at the server; forms sent with GET (search, language) come last.
    # Where one of several people is chosen by a button, it is the one of this login.
    forms = sorted(page.forms, key=lambda form: (form.method != "post", not form.names(login)))
    presses = ((form, button) for form in forms for button in form.ways_to_submit())
    return next((form.submit(button, here, login) for form, button in presses if not _refuses(button)), None)


def _refusal(page: "_Page", here: str, login: str) -> _Visit | None:
    for form in page.forms:
        for button in filter(_refuses, form.buttons):
            return form.submit(button, here, login)
    # A page that asks who is there has not asked for consent yet: its "Cancel" link would answer another question.
    if any(form.typed for form in page.forms):
        return _consent(page, here, login)
    return next((_Visit(urljoin(here, link.value)) for link in page.links if _refuses(link)), None)


@dataclass
class _Button:
    """What a person can press. A link's value is its address; the default is the Enter key."""

    name: str = ""
    value: str = ""
    label: str = ""


def _refuses(pressed: _Button) -> bool:
    said = pressed.label if pressed.label.strip() else pressed.value
    return not WORDS_OF_REFUSAL.isdisjoint("".join(c if c.isalpha() else " " for c in said.lower()).split())


@dataclass
class _Form:
    action: str
    method: str
    given: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    typed: list[str] = field(default_factory=list[str])
    buttons: list[_Button] = field(default_factory=list[_Button])

    def ways_to_submit(self) -> list[_Button]:
        """Its buttons; without any, Enter in a field (HTML, "implicit submission")."""
        return self.buttons or [_Button() for _ in self.typed[:1]]

    def names(self, login: str) -> bool:
        """Whether a button bears that name."""
        return any(login in button.label for button in self.buttons)

    def submit(self, button: _Button, here: str, login: str) -> _Visit:
        """The login goes into every field that a person would type into, the password among them."""
        pressed = [(button.name, button.value)] if button.name else []
        pairs = urlencode([*self.given, *((name, login) for name in self.typed), *pressed])
        target = urljoin(here, self.action)
        if self.method == "post":
            return _Visit(target, "POST", pairs)
        return _Visit(f"{target.partition('?')[0]}?{pairs}")

    def add(self, attributes: dict[str, str]) -> None:
        """Takes in one `<input>` that sends something (HTML, "constructing the entry list")."""
        name, value = attributes.get("name", ""), attributes.get("value", "")
        match attributes.get("type", "text"):
            case "submit":
                self.buttons.append(_Button(name, value))
            case "hidden":
                self.given.append((name, value))
            case "checkbox" | "radio":
                if "checked" in attributes:
                    self.given.append((name, attributes.get("value", "on")))
            case "button" | "reset" | "image" | "file":
                pass
            case _:
                self.typed.append(name)


class _Page(HTMLParser):
    """The forms and links of one page, in their order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[_Form] = []
        self.links: list[_Button] = []
        self._form: _Form | None = None
        self._labelled: _Button | None = None
        self.feed(html)
        self.close()

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = _Form(attributes.get("action", ""), attributes.get("method", "get").lower())
            self.forms.append(self._form)
        elif tag == "a" and "href" in attributes:
            self._label(self.links, _Button(value=attributes["href"]))
        elif self._form and "disabled" not in attributes:
            self._add_control(self._form, tag, attributes)

    def _add_control(self, form: _Form, tag: str, attributes: dict[str, str]) -> None:
        if tag == "input":
            form.add(attributes)
        elif tag == "button" and attributes.get("type") not in BUTTON_TYPES_OF_NO_SUBMISSION:
            self._label(form.buttons, _Button(attributes.get("name", ""), attributes.get("value", "")))

    def _label(self, place: list[_Button], pressed: _Button) -> None:
        place.append(pressed)
        self._labelled = pressed

    @override
    def handle_data(self, data: str) -> None:
        if self._labelled:
            self._labelled.label += data

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag in {"a", "button"}:
            self._labelled = None
        elif tag == "form":
            self._form = None


def _redirect_uri_asked_for(url: str) -> str | None:
    return next(iter(parse_qs(urlsplit(url).query).get("redirect_uri", [])), None)


def _is_same_page(url: str, other: str) -> bool:
    return urlsplit(url)[:3] == urlsplit(other)[:3]
