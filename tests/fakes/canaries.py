"""Secrets as they pass over the wire, and looking for them everywhere else, in every form that they take on."""

import base64
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import parse_qs, quote, quote_plus

import httpx2
from typing_extensions import override

KINDS = {
    "code": "authorization code",
    "code_verifier": "code verifier",
    "client_secret": "client secret",
    "access_token": "access token",
    "refresh_token": "refresh token",
    "token": "revoked token",
}
"""By the parameter that carries it. A new kind of secret is noted with `Canaries.add` under a word of its own."""
HEAD = 10
SHORTEST = 16


@dataclass
class Canaries:
    """The secrets of a run, each under a word for its kind."""

    by_kind: dict[str, set[str]] = field(default_factory=dict[str, set[str]])

    def add(self, kind: str, secret: str) -> None:
        """Look for this one too."""
        self.by_kind.setdefault(kind, set()).add(secret)

    def all(self) -> set[str]:
        """All secrets of all kinds."""
        return {secret for secrets in self.by_kind.values() for secret in secrets}

    def found(self, places: Mapping[str, str]) -> dict[str, list[str]]:
        """By place, for each secret that stands in its text in some form: kind, first characters and form."""
        by_head: dict[str, list[tuple[str, str]]] = {}
        for kind, of_kind in self.by_kind.items():
            for secret in of_kind:
                for name, form in forms(secret):
                    by_head.setdefault(form[:HEAD], []).append((form, f"{kind} {form[:8]}... ({name})"))
        return {place: hits for place, text in places.items() if (hits := _hits(by_head, text))}


def _hits(by_head: Mapping[str, list[tuple[str, str]]], text: str) -> list[str]:
    starts = [start for start in range(len(text) - HEAD + 1) if text[start : start + HEAD] in by_head]
    hits = (
        told for start in starts for form, told in by_head[text[start : start + HEAD]] if text.startswith(form, start)
    )
    return sorted(set(hits))


def forms(secret: str) -> Iterator[tuple[str, str]]:
    """The secret, what it looks like encoded, and its halves, each with a word for it."""
    data = secret.encode()
    yield "raw", secret
    yield "JSON", json.dumps(secret)[1:-1]
    yield "repr", repr(secret)[1:-1]
    yield "URL", quote(secret, safe="")
    yield "path", quote(secret)
    yield "form", quote_plus(secret)
    yield "hex", data.hex()
    yield "HEX", data.hex().upper()
    for name, encode in (("base64", base64.b64encode), ("base64url", base64.urlsafe_b64encode)):
        for offset in range(3):  # wherever it begins in what was encoded
            whole = encode(bytes(offset) + data).decode().rstrip("=")
            yield name, whole[-(-offset * 4 // 3) : len(whole) - 1]
    if len(secret) >= 2 * SHORTEST:
        yield "first half", secret[: len(secret) // 2]
        yield "second half", secret[len(secret) // 2 :]


class Eavesdropper(httpx2.AsyncHTTPTransport):
    """The network, noting every secret that is sent or answered.

    While `repeats` is set it answers itself, with that status, and repeats the secret that it was sent, as some
    providers do. 401 is its word on access tokens alone.
    """

    def __init__(self) -> None:
        super().__init__()
        self.canaries = Canaries()
        self.repeats: int | None = None

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        sent = list(self._sent(request))
        for kind, secret in sent:
            self.canaries.add(kind, secret)
        is_bearer = sent[:1] and sent[0][0] == "access token"
        if self.repeats and (is_bearer or self.repeats != 401):
            return _repeating(self.repeats, [secret for _, secret in sent])
        response = await super().handle_async_request(request)
        if not request.url.path.endswith("/token"):
            return response
        content = await response.aread()
        await response.aclose()
        self._note_answer(content)
        return httpx2.Response(response.status_code, headers=response.headers, content=content)

    def _sent(self, request: httpx2.Request) -> Iterable[tuple[str, str]]:
        scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
        if scheme == "Bearer":
            yield "access token", credential
        elif scheme == "Basic":
            pair = base64.b64decode(credential).decode()
            yield from (("basic credentials", credential), ("client secret", _unquoted(pair.partition(":")[2])))
        if "form" in request.headers.get("Content-Type", ""):
            form = parse_qs(request.content.decode())
            yield from ((KINDS[name], form[name][0]) for name in KINDS if name in form)

    def _note_answer(self, content: bytes) -> None:
        try:
            answer = cast("dict[str, object]", json.loads(content))
        except ValueError:
            return
        for name in ("access_token", "refresh_token"):
            if name in answer:
                self.canaries.add(KINDS[name], str(answer[name]))


def _unquoted(text: str) -> str:
    return parse_qs(f"it={text}", keep_blank_values=True)["it"][0]


def _repeating(status: int, sent: list[str]) -> httpx2.Response:
    """A refusal that names what it refuses: in its code, in its words, and cut off where it is long."""
    code = "invalid_token" if status == 401 else "".join(sent[:1])[:60]
    cut_off = "".join(sent[-1:])[:-5]
    return httpx2.Response(status, json={"error": code, "error_description": f"Not good: {sent!r} nor {cut_off}"})


def fresh_canary(prefix: str) -> str:
    """A secret that occurs nowhere by chance, with characters that each encoding writes in its own way."""
    return f'{prefix} "{secrets.token_hex(8)}" \\/+=&%é {secrets.token_urlsafe(16)}'
