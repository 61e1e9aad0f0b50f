"""One story with its script, its time budget and its verdicts."""
