"""One file per family of programs. Each has `PROGRAMS` (by name) and, if it has any, `TIMERS`."""
