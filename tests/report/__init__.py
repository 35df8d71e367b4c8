"""What the reporters promise."""
