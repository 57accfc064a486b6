"""A client of the sandbox, as a test wants to speak: one line for each request."""

import base64
import hashlib
from urllib.parse import parse_qsl, urlsplit

import httpx2

CLIENT_ID = "practice"
SECRET = "p:ss word/+"  # characters that must survive the two encodings of client_secret_basic
REDIRECT = "http://127.0.0.1/callback"
ISSUER = "http://sandbox.test"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()

AUTHORIZE = {
    "response_type": "code",
    "client_id": CLIENT_ID,
    "redirect_uri": REDIRECT,
    "state": "st&te",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


def answer_in(response: httpx2.Response) -> dict[str, str]:
    """The parameters that a redirect carries back to the client."""
    assert response.status_code == 303
    return dict(parse_qsl(urlsplit(response.headers["location"]).query))


class Agent:
    """Browser and client in one, speaking as the practice client unless told otherwise."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self.http = http

    async def authorize(self, **changes: str) -> httpx2.Response:
        return await self.http.get("/authorize", params={**AUTHORIZE, **changes})

    async def code(self, **changes: str) -> str:
        return answer_in(await self.authorize(auto="approve", **changes))["code"]

    async def post(self, path: str, **values: str) -> httpx2.Response:
        credentials = {"client_id": CLIENT_ID, "client_secret": SECRET}
        return await self.http.post(path, data={**credentials, **values})

    async def redeem(self, code: str, **changes: str) -> httpx2.Response:
        values = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
        return await self.post("/token", **{**values, "code_verifier": VERIFIER, **changes})

    async def refresh(self, refresh_token: str, **changes: str) -> httpx2.Response:
        return await self.post("/token", grant_type="refresh_token", refresh_token=refresh_token, **changes)

    async def refreshed(self, refresh_token: str) -> str:
        """The next refresh token."""
        response = await self.refresh(refresh_token)
        assert response.status_code == 200
        return str(response.json()["refresh_token"])

    async def call(self, access_token: str, method: str = "GET", path: str = "/crm/me") -> httpx2.Response:
        return await self.http.request(method, path, headers=bearer(access_token))


def bearer(access_token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {access_token}"}


def error_in(response: httpx2.Response) -> tuple[int, str]:
    """Status and error code of a refusal."""
    return response.status_code, str(response.json()["error"])
