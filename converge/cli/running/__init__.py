"""A run under its lock: what it remembers, writes down, compares with and hands over."""
