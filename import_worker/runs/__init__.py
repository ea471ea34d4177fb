"""What is known about runs: their states, the entries that keep them, and what follows from those.

No step of a run is here, and nothing outside the broker is asked.
"""
