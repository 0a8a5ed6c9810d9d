"""What points at structures: options grouped into objects, prompt files of either kind, and their one written
form.
"""
