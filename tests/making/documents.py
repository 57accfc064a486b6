"""Small descriptions of services, one of each kind, and what becomes of them."""

import json
from collections.abc import Sequence
from datetime import date

from tests.oauth.samples import ROOT

from evergrant.making.checking import google
from evergrant.making.files import Files, files_of
from evergrant.making.importing import Choice, Imported, import_document
from evergrant.making.reading import read_document
from evergrant.model.json import Json, JsonObject

TODAY = date(2026, 11, 25)
FAILURE: JsonObject = {
    "description": "No.",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "properties": {
                    "error": {
                        "type": "object",
                        "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
                    }
                },
            }
        }
    },
}
BOOK: JsonObject = {
    "type": "object",
    "required": ["title"],
    "properties": {
        "id": {"type": "string", "readOnly": True},
        "title": {"type": "string", "minLength": 1, "maxLength": 200, "description": "What stands on its cover."},
        "kind": {"type": "string", "enum": ["novel", "manual"], "default": "novel"},
        "author": {"$ref": "#/components/schemas/Author"},
        "pages": {"type": "integer", "format": "int32", "minimum": 1},
    },
}
AUTHOR: JsonObject = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "example": "Ada"},
        "books": {"type": "array", "items": {"$ref": "#/components/schemas/Book"}},
    },
}
OPENAPI: JsonObject = {
    "openapi": "3.0.3",
    "info": {"title": "Library API", "version": "1.2", "description": "Books of a town, and who has borrowed them."},
    "servers": [{"url": "https://api.library.example/v1"}],
    "security": [{"login": ["books.read"]}],
    "paths": {
        "/books": {
            "get": {
                "operationId": "listBooks",
                "summary": "List books",
                "description": "All **books** of the library, [newest](https://x.example) first.",
                "parameters": [
                    {"name": "authorId", "in": "query", "schema": {"type": "string"}, "description": "Whose."},
                    {"name": "kinds", "in": "query", "explode": False, "schema": {"type": "array", "items": {}}},
                    {"name": "page_token", "in": "query", "schema": {"type": "string"}},
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 50}},
                ],
                "responses": {
                    "200": {
                        "description": "Some.",
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "object",
                                    "properties": {
                                        "books": {"type": "array", "items": {"$ref": "#/components/schemas/Book"}},
                                        "next_page_token": {"type": "string", "nullable": True},
                                    },
                                }
                            }
                        },
                    },
                    "404": FAILURE,
                },
            },
            "post": {
                "operationId": "createBook",
                "summary": "Add a book",
                "security": [{"login": ["books.write"]}],
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Book"}}},
                },
                "responses": {"201": {"$ref": "#/components/responses/Made"}},
            },
        },
        "/books/{bookId}": {
            "parameters": [{"name": "bookId", "in": "path", "required": True, "schema": {"type": "string"}}],
            "get": {"operationId": "getBook", "responses": {"200": {"$ref": "#/components/responses/Made"}}},
            "delete": {
                "operationId": "deleteBook",
                "security": [{"login": ["books.write"]}],
                "responses": {"204": {"description": "Gone."}},
            },
            "head": {"operationId": "hasBook", "responses": {"200": {"description": "It is there."}}},
        },
        "/books/{bookId}/cover": {
            "put": {
                "operationId": "replaceCover",
                "security": [{"login": ["books.write"]}],
                "parameters": [{"name": "bookId", "in": "path", "required": True, "schema": {"type": "string"}}],
                "requestBody": {
                    "content": {
                        "multipart/form-data": {
                            "schema": {
                                "type": "object",
                                "required": ["image"],
                                "properties": {
                                    "image": {"type": "string", "format": "binary"},
                                    "caption": {"type": "string"},
                                },
                            }
                        }
                    }
                },
                "responses": {"204": {"description": "Taken."}},
            },
        },
        "/feed": {
            "post": {
                "operationId": "sendFeed",
                "requestBody": {"content": {"application/xml": {"schema": {"type": "object"}}}},
                "responses": {"200": {"description": "Taken."}},
            }
        },
    },
    "components": {
        "schemas": {"Book": BOOK, "Author": AUTHOR},
        "responses": {
            "Made": {
                "description": "It.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Book"}}},
            }
        },
        "securitySchemes": {
            "login": {
                "type": "oauth2",
                "flows": {
                    "authorizationCode": {
                        "authorizationUrl": "https://login.library.example/authorize",
                        "tokenUrl": "https://login.library.example/token",
                        "scopes": {"books.read": "Read.", "books.write": "Write."},
                    }
                },
            },
            "old": {"type": "oauth2", "flows": {"implicit": {"authorizationUrl": "https://x.example", "scopes": {}}}},
        },
    },
}
SWAGGER: JsonObject = {
    "swagger": "2.0",
    "info": {"title": "Weather", "version": "3"},
    "host": "weather.example",
    "basePath": "/api",
    "schemes": ["https"],
    "consumes": ["application/x-www-form-urlencoded"],
    "produces": ["application/json"],
    "securityDefinitions": {"key": {"type": "apiKey", "in": "header", "name": "X-Weather-Key"}},
    "security": [{"key": []}],
    "paths": {
        "/stations/{station}/readings": {
            "get": {
                "operationId": "Stations_Readings_List",
                "description": "The readings of a station.",
                "parameters": [
                    {"name": "station", "in": "path", "required": True, "type": "string"},
                    {"name": "what", "in": "query", "type": "array", "items": {"type": "string"}},
                    {"name": "page", "in": "query", "type": "integer"},
                    {"name": "per_page", "in": "query", "type": "integer", "maximum": 30},
                ],
                "responses": {
                    "200": {
                        "description": "Some.",
                        "schema": {"type": "array", "items": {"$ref": "#/definitions/Reading"}},
                    }
                },
            },
            "post": {
                "parameters": [
                    {"name": "station", "in": "path", "required": True, "type": "string"},
                    {"name": "celsius", "in": "formData", "required": True, "type": "number"},
                    {"name": "photo", "in": "formData", "type": "file"},
                ],
                "responses": {"200": {"description": "It.", "schema": {"$ref": "#/definitions/Reading"}}},
            },
        },
    },
    "definitions": {
        "Reading": {
            "type": "object",
            "properties": {"at": {"type": "string", "format": "date-time"}, "celsius": {"type": "number"}},
        }
    },
}
DISCOVERY: JsonObject = {
    "kind": "discovery#restDescription",
    "discoveryVersion": "v1",
    "name": "garden",
    "version": "v1",
    "title": "Garden API",
    "description": "Plants and beds of a garden, and what they need.",
    "documentationLink": "https://developers.google.com/garden",
    "rootUrl": "https://garden.googleapis.com/",
    "servicePath": "",
    "parameters": {"key": {"type": "string", "location": "query"}, "alt": {"type": "string", "location": "query"}},
    "auth": {
        "oauth2": {
            "scopes": {
                "https://www.googleapis.com/auth/garden": {},
                "https://www.googleapis.com/auth/garden.readonly": {},
            }
        }
    },
    "schemas": {
        "Plant": {
            "id": "Plant",
            "type": "object",
            "properties": {
                "name": {"type": "string", "description": "Output only. Its whole name."},
                "label": {"type": "string", "description": "What stands on its sign."},
                "water": {"type": "string", "format": "int64"},
                "bed": {"$ref": "Bed"},
            },
        },
        "Bed": {"id": "Bed", "type": "object", "properties": {"plants": {"type": "array", "items": {"$ref": "Plant"}}}},
        "ListPlants": {
            "id": "ListPlants",
            "type": "object",
            "properties": {
                "plants": {"type": "array", "items": {"$ref": "Plant"}},
                "nextPageToken": {"type": "string"},
            },
        },
    },
    "resources": {
        "gardens": {
            "resources": {
                "plants": {
                    "methods": {
                        "list": {
                            "id": "garden.gardens.plants.list",
                            "httpMethod": "GET",
                            "path": "v1/{+parent}/plants",
                            "flatPath": "v1/gardens/{gardensId}/plants",
                            "description": "Lists plants.",
                            "parameters": {
                                "parent": {"type": "string", "location": "path", "required": True},
                                "pageToken": {"type": "string", "location": "query"},
                                "pageSize": {"type": "integer", "format": "int32", "location": "query"},
                                "kinds": {"type": "string", "location": "query", "repeated": True},
                            },
                            "response": {"$ref": "ListPlants"},
                            "scopes": [
                                "https://www.googleapis.com/auth/garden",
                                "https://www.googleapis.com/auth/garden.readonly",
                            ],
                        },
                        "patch": {
                            "id": "garden.gardens.plants.patch",
                            "httpMethod": "PATCH",
                            "path": "v1/plants/{plantId}",
                            "parameters": {"plantId": {"type": "string", "location": "path", "required": True}},
                            "request": {"$ref": "Plant"},
                            "response": {"$ref": "Plant"},
                            "scopes": ["https://www.googleapis.com/auth/garden"],
                        },
                        "water": {
                            "id": "garden.gardens.plants.water",
                            "httpMethod": "POST",
                            "path": "v1/{+name}:water",
                            "parameters": {"name": {"type": "string", "location": "path", "required": True}},
                            "scopes": ["https://www.googleapis.com/auth/garden"],
                        },
                    }
                }
            }
        }
    },
}


def imported(root: JsonObject, name: str = "acme", operations: Sequence[str] = ("*",), **more: str) -> Imported:
    """What an import of those operations comes to."""
    document = read_document(json.dumps(root).encode())
    choice = Choice(name, operations, more.get("base_url"), more.get("security"))
    return import_document(document, choice, google(ROOT), TODAY)


def files(root: JsonObject, name: str = "acme") -> Files:
    """The files of an import of everything."""
    document = read_document(json.dumps(root).encode())
    return files_of(name, document, "acme.json", imported(root, name))


def tool(found: Imported, name: str) -> dict[str, Json]:
    """The keys of one tool."""
    return dict(next(each.keys for each in found.tools if each.name == name))


def one(operation: JsonObject, method: str = "get", path: str = "/things", **root: Json) -> dict[str, Json]:
    """A document with a single operation."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Acme", "version": "1"},
        "servers": [{"url": "https://api.acme.example"}],
        "paths": {path: {method: {"responses": {"200": {"description": "It."}}, **operation}}},
        **root,
    }
