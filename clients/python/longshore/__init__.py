"""Longshore: the Python client."""
