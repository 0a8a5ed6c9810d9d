"""Simulated B-mode frames with exact masks: structures that no data set names, as a scanner shows them."""
