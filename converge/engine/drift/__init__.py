"""From what was seen, what is remembered and what the journal says to who changed what. Pure."""
