"""The import worker: moves data from any paginated REST API into Atlassian Assets, a chunk at a time."""
