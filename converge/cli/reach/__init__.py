"""What a command begins with: the desired file, the doors to the nodes, where things are kept."""
