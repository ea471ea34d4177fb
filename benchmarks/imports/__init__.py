"""What an import costs: against latency, beside dlt, into the sandbox, and in memory and disk over its length."""
