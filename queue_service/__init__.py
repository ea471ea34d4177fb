"""The broker: a durable gRPC job queue with a key-value store beside it."""
