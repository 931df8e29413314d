"""Backends: whoever changes the unit table, behind one contract."""
