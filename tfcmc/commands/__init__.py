"""What the commands do, for the command line and as functions of Python."""
