"""What was promised in a commit is sent after it."""
