"""A study: a folder of tables and `study.toml`."""
