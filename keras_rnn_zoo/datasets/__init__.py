"""The datasets of the zoo, one file per dataset. The registry scans this folder."""
