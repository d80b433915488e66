"""`python -m tenprint` is the command line."""

from tenprint.cli import main

if __name__ == "__main__":
    main()
