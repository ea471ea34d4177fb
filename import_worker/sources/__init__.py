"""Adapters that read records: each implements the port Source.

A new kind of source is a module here and a `type` in the configuration.
"""
