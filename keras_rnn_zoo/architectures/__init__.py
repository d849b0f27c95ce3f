"""The architectures of the zoo: one file, one architecture. The registry scans this folder."""
