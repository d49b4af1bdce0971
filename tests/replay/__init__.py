"""A stand-in for the providers: see `replay --help` and oracle.py."""
