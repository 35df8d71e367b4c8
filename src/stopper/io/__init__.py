"""Where the scanner touches the world: the network, files and child processes."""
