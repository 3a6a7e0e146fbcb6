"""Forecasters: one family a file, never importing one another."""
