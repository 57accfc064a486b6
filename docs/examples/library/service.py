"""A service of its own that describes itself with OpenAPI: books, behind a key, on a loopback port. Nothing is kept."""

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from typing_extensions import override

from evergrant.model.json import Json, JsonObject

KEY = "sesame-2718281828"
BOOK: JsonObject = {
    "type": "object",
    "required": ["title"],
    "properties": {
        "id": {"type": "string", "readOnly": True},
        "title": {"type": "string"},
        "notes": {"type": "string"},
    },
}
ONE: JsonObject = {
    "description": "It.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Book"}}},
}
PAGE: JsonObject = {
    "type": "object",
    "properties": {
        "data": {"type": "array", "items": {"$ref": "#/components/schemas/Book"}},
        "next_cursor": {"type": "string"},
    },
}


@dataclass
class Library:
    """The books, and the requests that were answered."""

    url: str
    books: dict[str, dict[str, Json]] = field(
        default_factory=lambda: {str(n): {"id": str(n), "title": f"Book {n}"} for n in range(1, 8)}
    )
    asked: list[str] = field(default_factory=list[str])

    def description(self) -> dict[str, Json]:
        """Its OpenAPI document."""
        book_id: list[Json] = [{"name": "bookId", "in": "path", "required": True, "schema": {"type": "string"}}]
        listed: list[Json] = [
            {"name": "cursor", "in": "query", "schema": {"type": "string"}},
            {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 3}},
            {"name": "title", "in": "query", "schema": {"type": "string"}, "description": "A part of the title."},
        ]
        person: JsonObject = {"properties": {"id": {"type": "string"}, "name": {"type": "string"}}}
        taken: JsonObject = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Book"}}}}
        return {
            "openapi": "3.1.0",
            "info": {"title": "Library", "version": "1", "description": "The books of a town, and who reads them."},
            "servers": [{"url": f"{self.url}/v1"}],
            "security": [{"key": []}],
            "paths": {
                "/me": {"get": {"operationId": "getMe", "responses": {"200": _json(person)}}},
                "/books": {
                    "get": {"operationId": "listBooks", "parameters": listed, "responses": {"200": _json(PAGE)}},
                    "post": {"operationId": "createBook", "requestBody": taken, "responses": {"201": ONE}},
                },
                "/books/{bookId}": {
                    "parameters": book_id,
                    "get": {"operationId": "getBook", "responses": {"200": ONE}},
                    "delete": {"operationId": "deleteBook", "responses": {"204": {"description": "Gone."}}},
                },
            },
            "components": {
                "schemas": {"Book": BOOK},
                "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Library-Key"}},
            },
        }

    def answer(self, method: str, url: str, key: str | None, body: dict[str, Json]) -> tuple[int, Json]:
        """Status and JSON."""
        parts = urlsplit(url)
        if parts.path == "/openapi.json":
            return 200, self.description()
        path, query = parts.path.removeprefix("/v1"), parse_qs(parts.query)
        self.asked.append(f"{method} {url}")
        if key != KEY:
            return 401, {"error": {"code": "bad_key", "message": "That is not the key."}}
        if path == "/me":
            return 200, {"id": "p_1", "name": "Ada"}
        if path == "/books":
            return self._create(body) if method == "POST" else self._page(query)
        return self._one(method, path.rpartition("/")[2])

    def _one(self, method: str, book_id: str) -> tuple[int, Json]:
        book = self.books.get(book_id)
        if book is None:
            return 404, {"error": {"code": "no_book", "message": "There is no such book."}}
        if method == "DELETE":
            del self.books[book_id]
            return 204, None
        return 200, book

    def _create(self, body: dict[str, Json]) -> tuple[int, Json]:
        made = {"id": str(len(self.books) + 1), **body}
        self.books[str(made["id"])] = made
        return 201, made

    def _page(self, query: dict[str, list[str]]) -> tuple[int, Json]:
        start, size = int(query.get("cursor", ["0"])[0]), int(query.get("limit", ["3"])[0])
        every = [book for book in self.books.values() if query.get("title", [""])[0] in str(book["title"])]
        more: dict[str, Json] = {"next_cursor": str(start + size)} if start + size < len(every) else {}
        return 200, {"data": every[start : start + size], **more}


def _json(schema: JsonObject) -> JsonObject:
    return {"description": "It.", "content": {"application/json": {"schema": schema}}}


@contextmanager
def running(port: int = 0) -> Generator[Library]:
    """Answers until the block ends, on that port or a free one."""
    library = Library("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def do_DELETE(self) -> None:
            self._answer()

        def _answer(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body: dict[str, Json] = json.loads(self.rfile.read(size)) if size else {}
            status, answer = library.answer(self.command, self.path, self.headers.get("X-Library-Key"), body)
            content = b"" if status == 204 else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        library.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield library
        finally:
            server.shutdown()
            thread.join()
