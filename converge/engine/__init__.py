"""The generic stages, in the order the data flows. No FreeBSD word in here."""
