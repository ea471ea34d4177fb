"""What the key-value store does: conditional writes as units of work over the store."""
