"""Whoever acts on a node of the lab: converge itself, or the classic script, as a value."""
