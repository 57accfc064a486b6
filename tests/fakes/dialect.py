"""What emulators say otherwise than their services do, put right on the way, so that the tools behind it can be tried.

Each case is a fact of the service's own description; what an emulator lacks altogether is not made up for here.
"""

import json
import re

import httpx2

OF_A_BODY = {"content-length", "content-type", "transfer-encoding"}
GIT_COMMIT = re.compile(r"/repos/[^/]+/[^/]+/git/commits/[0-9a-f]+")


def as_emulated(service: str, request: httpx2.Request) -> httpx2.Request:
    """The same request, so said that the emulator understands it."""
    if service != "slack" or not request.url.path.startswith("/api/"):
        return request
    if request.method == "GET":
        # Slack takes its reading methods by GET and by POST, the emulator most of them by POST alone.
        form = "application/x-www-form-urlencoded"
        return _other(request, "POST", request.url.copy_with(query=None), form, request.url.query)
    if b'"markdown_text"' in request.content:
        # Slack takes Markdown in a member of its own; the emulator knows `text` alone.
        said = json.loads(request.content)
        content = json.dumps({**said, "text": said["markdown_text"]}).encode()
        return _other(request, "POST", request.url, "application/json", content)
    return request


async def as_served(service: str, request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
    """The same answer, as the service gives it."""
    commit = service == "github" and request.method == "GET" and GIT_COMMIT.fullmatch(request.url.path)
    if not commit or not response.is_success:
        return response
    # GitHub's git database has a commit's tree beside its sha; the emulator gives the other kind of commit.
    said = json.loads(await response.aread())
    await response.aclose()
    return httpx2.Response(response.status_code, json={**said, "tree": said["commit"]["tree"]}, request=request)


def _other(request: httpx2.Request, method: str, url: httpx2.URL, type_: str, content: bytes) -> httpx2.Request:
    kept = [(name, value) for name, value in request.headers.multi_items() if name.lower() not in OF_A_BODY]
    headers = [*kept, ("Content-Type", type_)]
    return httpx2.Request(method, url, headers=headers, content=content, extensions=request.extensions)
