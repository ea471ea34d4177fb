"""A strict stand-in for the imports REST API of Atlassian Assets, for tests, demos and trial runs.

It is the judge of the importer, so it shares no code with it. Its state lives in memory and ends with the process.
"""
