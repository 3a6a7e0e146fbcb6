"""Compiled numerics behind thin typed faces: arrays in, arrays out."""
