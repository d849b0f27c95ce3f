"""The formats that runs are exported to: one file, one format. The registry scans this folder."""
