"""SAM 2.1's and EdgeTAM's own video models, which remember what they saw, behind the protocol of our tracker
(`tracking.Tracker`). For those with a GPU; they need torch.
"""
