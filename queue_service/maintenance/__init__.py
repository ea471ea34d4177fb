"""What the broker does by itself, in small steps: the rest of cancels, and groups that nobody seals."""
