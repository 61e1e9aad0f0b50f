"""HAST as hastd does it: its configuration, its workers, replication, and the devices."""
