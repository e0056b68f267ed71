"""Dot products of small integers as population counts of bit planes."""
