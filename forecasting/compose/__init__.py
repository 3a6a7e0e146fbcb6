"""Forecasters that hold forecasters."""
