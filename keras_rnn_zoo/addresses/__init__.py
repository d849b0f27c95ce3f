"""Files that a user brings, by addresses such as `csv:reviews.csv`: one file, one form. The registry scans this."""
