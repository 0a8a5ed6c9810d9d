"""The same job over an archive of files, in processes of this machine or on a Ray cluster (extra `cluster`):
one input, one result, whatever happens to a worker.
"""
