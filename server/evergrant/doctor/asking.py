"""Asking the server whether it is there: its health check, and MCP's first step over each of its wires."""

import json
import socket
from dataclasses import dataclass
from pathlib import Path

import httpx2

from evergrant.model.json import Json, text_at
from evergrant.model.secret import Secret
from evergrant.wire import LARGEST_TOKEN_ANSWER, parse_json

PATIENCE_S = 5.0
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "evergrant-doctor", "version": "1"},
    },
}
ACCEPT = "application/json, text/event-stream"


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of a question: the server's version, or why there was no answer."""

    version: str | None
    why_not: str = ""


def healthz(http: httpx2.Client, url: str) -> Asked:
    """The health check; it names no version, so a good answer has an empty one."""
    try:
        answer = http.get(f"{url}/healthz", timeout=PATIENCE_S)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        return Asked(None, type(error).__name__)
    good = answer.status_code == 200 and answer.text == "ok"
    return Asked("") if good else Asked(None, f"status {answer.status_code}, and not our answer")


def over_http(http: httpx2.Client, url: str, bearer: Secret) -> Asked:
    """`initialize` at `/mcp` (streamable HTTP); a session that comes of it is ended."""
    headers = {"Authorization": f"Bearer {bearer.reveal()}", "Accept": ACCEPT}
    try:
        answer = http.post(f"{url}/mcp", json=INITIALIZE, headers=headers, timeout=PATIENCE_S)
        if session := answer.headers.get("Mcp-Session-Id"):
            http.delete(f"{url}/mcp", headers={**headers, "Mcp-Session-Id": session}, timeout=PATIENCE_S)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        return Asked(None, type(error).__name__)
    if answer.status_code != 200:
        return Asked(None, f"status {answer.status_code}")
    return _version(_message(answer))


def over_socket(path: Path) -> Asked:
    """`initialize` at the server's socket, as `evergrant mcp` would."""
    try:
        with socket.socket(socket.AF_UNIX) as wire:
            wire.settimeout(PATIENCE_S)
            wire.connect(str(path))
            wire.sendall(json.dumps(INITIALIZE).encode() + b"\n")
            return _version(_line(wire))
    except OSError as error:
        return Asked(None, str(error.strerror or error))


def _line(wire: socket.socket) -> bytes:
    received = b""
    while b"\n" not in received and len(received) < LARGEST_TOKEN_ANSWER and (chunk := wire.recv(65536)):
        received += chunk
    return received.partition(b"\n")[0]


def _message(answer: httpx2.Response) -> bytes:
    """The one message of an answer, which may come as an event stream."""
    if not answer.headers.get("Content-Type", "").startswith("text/event-stream"):
        return answer.content
    data = [line.removeprefix("data:").strip() for line in answer.text.splitlines() if line.startswith("data:")]
    return next((line for line in data if line), "").encode()


def _version(message: bytes) -> Asked:
    value: Json = parse_json(message)[1]
    found = text_at(value, "/result/serverInfo/version") if value else None
    if found is None or text_at(value, "/result/serverInfo/name") != "evergrant":
        return Asked(None, "what answers is no Evergrant")
    return Asked(found)
