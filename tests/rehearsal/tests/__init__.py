"""Tests of the workload itself: a rehearsal is only as true as what it measures with."""
