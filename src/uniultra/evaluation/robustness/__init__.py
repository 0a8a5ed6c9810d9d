"""How results hold when the image is degraded: corruptions, protocol, summary, report."""
