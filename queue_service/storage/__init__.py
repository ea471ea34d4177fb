"""Where things are kept: one folder for each kind of database."""
