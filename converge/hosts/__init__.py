"""The real world: clock, disk, processes, ssh."""
