"""The client inside frameworks for agents; each adapter needs the extra of its own name."""
