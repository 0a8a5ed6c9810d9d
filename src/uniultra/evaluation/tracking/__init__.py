"""How well a structure is followed through clips: overlap over time, what is noticed of losses, and the
baselines in the same run.
"""
