"""The demo: a real data set, served by Datasette, imported into the Assets sandbox, and compared value by value."""
