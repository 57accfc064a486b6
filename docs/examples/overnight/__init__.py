"""An agent's night over three services, one of which is revoked in the middle; see docs/how-to/langgraph.md."""
