"""How good a segmenter is: per organ, per prompt, with intervals, against simple baselines. Knows segmenters
by protocol alone.
"""
