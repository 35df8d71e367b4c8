"""What the shop's customers rely on: none of it may change when the leaks are mended."""
