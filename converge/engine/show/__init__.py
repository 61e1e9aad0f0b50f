"""For people and machines: text, JSON, pictures."""
