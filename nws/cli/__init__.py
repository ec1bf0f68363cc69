"""The door for people and scripts: the only floor that knows argv, environment, terminal and exit codes."""
