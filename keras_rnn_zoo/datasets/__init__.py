"""The data sets of the zoo: one file, one data set. The registry scans this folder."""
