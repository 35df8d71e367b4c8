"""From bytes to frozen views: parsing only, no opinion, no input or output of its own."""
