"""Generated from protos/longshore/v1."""
