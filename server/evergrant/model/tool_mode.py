"""Which tools an agent is listed by name, where it is not those of some toolsets."""

SEARCH, ALL = "search", "all"
MODES = (SEARCH, ALL)
"""Names that no toolset may have."""
