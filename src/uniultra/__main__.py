"""`python -m uniultra`, which is the command `uniultra` where that isn't on the path."""

from uniultra.cli.main import run

if __name__ == "__main__":
    run()
