"""Stopper inside a test run: the pytest plugin, and the scan that it makes in the process of the tests."""
