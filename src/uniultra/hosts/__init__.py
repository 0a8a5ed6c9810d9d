"""Protocols of other programs, so that they segment with what runs here: separate applications behind the
guard of `web`.
"""
