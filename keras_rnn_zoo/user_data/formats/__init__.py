"""Files that a user brings, by addresses such as `csv:reviews.csv`: one file, one format. The registry scans this."""
