"""The tasks of the zoo: one file, one kind of problem. The registry scans this folder."""
