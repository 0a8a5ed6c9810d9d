"""Behind the workspace page: who may use it, the work list, the project folder, and the jobs that a page
asks for.
"""
