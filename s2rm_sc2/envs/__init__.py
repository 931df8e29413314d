"""Environments over the unit table: batched battles, and SMAC's interface to a single one."""
