"""What the broker does by itself, in small steps: the rest of cancels, groups that nobody seals, events that expire."""
