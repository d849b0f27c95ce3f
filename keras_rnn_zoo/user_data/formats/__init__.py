"""The formats of a user's own files, such as `csv:reviews.csv`, one per file. The registry scans this folder."""
