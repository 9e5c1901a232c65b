"""The lock of the world."""

import threading

WORLD = threading.RLock()
"""Held around every moto call, and by whoever changes moto's state from a thread of his own.

moto checks a condition and writes in two steps, so two conditional writes could both succeed.
Re-entrant, since a moto call may run one of our hooks, which calls moto again.
"""
