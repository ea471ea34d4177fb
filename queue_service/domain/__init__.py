"""The rules: states, retries, limits, errors. Pure and synchronous; knows no clock and does no I/O."""
