"""Stores: small durable values, in memory and in SQLite."""
