"""What the outside world looks like, and how to talk to it."""
