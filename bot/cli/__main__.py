"""`python -m bot.cli`: the command line where the `quaymaster` script isn't installed."""

from bot.cli.main import main

main()
