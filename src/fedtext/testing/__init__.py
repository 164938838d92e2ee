"""Tools for testing, as part of the product: port suites and faults."""
