"""The architectures of the zoo, one per file. The registry scans this folder."""
