"""Secrets as they pass over the wire, and looking for them everywhere else, in every form that they take on."""

import base64
import binascii
import json
from typing import cast
from urllib.parse import parse_qs, quote, quote_plus

import httpx2
from typing_extensions import override

SECRET_FIELDS = ("code", "code_verifier", "refresh_token", "client_secret", "token")
ISSUED_FIELDS = ("access_token", "refresh_token")


class Eavesdropper(httpx2.AsyncHTTPTransport):
    """The network, noting every secret that is sent or answered."""

    def __init__(self) -> None:
        super().__init__()
        self.secrets: set[str] = set()

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self._note_request(request)
        response = await super().handle_async_request(request)
        if not request.url.path.endswith("/token"):
            return response
        content = await response.aread()
        await response.aclose()
        self._note_answer(content)
        return httpx2.Response(response.status_code, headers=response.headers, content=content)

    def _note_request(self, request: httpx2.Request) -> None:
        scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
        if scheme == "Bearer":
            self.secrets.add(credential)
        elif scheme == "Basic":
            self.secrets |= {credential, base64.b64decode(credential).decode().partition(":")[2]}
        if "form" in request.headers.get("Content-Type", ""):
            form = parse_qs(request.content.decode())
            self.secrets |= {form[field][0] for field in SECRET_FIELDS if field in form}

    def _note_answer(self, content: bytes) -> None:
        try:
            answer = cast("dict[str, object]", json.loads(content))
        except ValueError:
            return
        self.secrets |= {str(answer[field]) for field in ISSUED_FIELDS if field in answer}


def forms(secret: str) -> set[str]:
    """The secret, and what it looks like encoded."""
    data = secret.encode()
    encoded = {base64.b64encode(data).decode().rstrip("="), base64.urlsafe_b64encode(data).decode().rstrip("=")}
    return {
        secret,
        binascii.hexlify(data).decode(),
        quote(secret),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        *encoded,
    }


def found(secrets: set[str], text: str) -> list[str]:
    """The first characters of each secret that stands in the text in some form."""
    return [secret[:8] for secret in secrets if any(form in text for form in forms(secret))]
