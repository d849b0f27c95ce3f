"""Text for people: shortened values, tables, the status line and notebooks. Imports no framework."""
