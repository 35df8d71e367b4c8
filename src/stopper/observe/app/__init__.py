"""What the running application says of itself: the answers of its child process, turned into frozen views."""
