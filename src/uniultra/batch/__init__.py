"""The same job over an archive of files, on Ray Data (extra `cluster`): one input, one result, whatever
happens to a worker.
"""
