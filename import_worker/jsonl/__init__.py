"""A folder of JSON Lines files as a destination: a sub-folder for each execution, a file for each chunk."""
