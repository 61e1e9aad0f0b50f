"""converge: a declarative reconciler for two-node FreeBSD pairs (HAST, CARP, MySQL)."""
