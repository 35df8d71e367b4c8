"""The shop's tables."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS remembered (owner TEXT, token VARCHAR(64) UNIQUE, until INTEGER);
CREATE TABLE IF NOT EXISTS orders (number INTEGER);
"""
