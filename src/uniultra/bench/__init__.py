"""How long, how large, how good: the published models beside their peers in one interleaved run. Only `peers`
needs torch.
"""
