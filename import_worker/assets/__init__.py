"""Assets, the destination of an import: its client, and the schema and mapping document that it is given."""
