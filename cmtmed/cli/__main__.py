"""Entry point of ``python -m cmtmed.cli``, for environments whose scripts are not on the path."""

from cmtmed.cli import main

if __name__ == "__main__":
    main()
