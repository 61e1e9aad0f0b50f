"""The simulated pair: FreeBSD programs as pure functions over an immutable world."""
