"""The client of the HTTP API. It knows the server by its addresses and answers alone."""
