"""Lambda: real processes that speak the Runtime API to us."""
