"""The same verbs on files."""
