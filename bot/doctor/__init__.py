"""`doctor`: checks of what the bot runs on, each with what was found and what to do. It changes nothing anywhere."""
