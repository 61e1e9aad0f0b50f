"""A pair through time: how it begins, what befalls it, who acts when, and how that is told."""
