"""A real workload on a laptop, and the runner that breaks it and watches Leeward recover it."""
