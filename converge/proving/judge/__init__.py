"""What a world shows, what a history remembers, and what must never be: the invariants."""
