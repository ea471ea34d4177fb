"""Looking before running: whether an import can reach both its ends, and what would become of its records.

Reads a few pages, asks the destination for its status, and sends nothing.
"""
