"""The command line: options, screens, child processes, machines."""
