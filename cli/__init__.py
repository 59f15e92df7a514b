"""The command line: settings, environment, printing and exit codes live here only."""
