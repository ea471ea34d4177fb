"""What the broker does: pushes, deliveries, settles, groups, commits. Each is a unit of work over the store."""
