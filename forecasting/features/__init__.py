"""Columns that are known for any date, past or future."""
