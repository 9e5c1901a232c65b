"""The mark of the scenarios that `make test` runs."""


def pytest_configure(config) -> None:
    config.addinivalue_line("markers", "short: a scenario of the short set")
