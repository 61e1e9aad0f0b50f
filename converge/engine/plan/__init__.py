"""Snapshot and desired state into ordered intent."""
