"""The local server: the segmenter behind HTTP on loopback, for pages and programs on the same machine. Never
torch.
"""
