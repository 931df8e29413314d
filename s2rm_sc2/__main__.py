"""`s2rm-sc2` and `python -m s2rm_sc2`: the command line."""

from s2rm_sc2.cli import main

if __name__ == "__main__":
    main()
