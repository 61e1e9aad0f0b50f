"""The simulated pair for commands: its file and prompt, scenarios played, proofs at work."""
