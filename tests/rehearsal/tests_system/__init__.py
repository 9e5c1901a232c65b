"""The scenarios as tests."""
