"""Every way in which a pair can go on, within a bound."""
