"""The recurrent cells of the zoo: one file, one cell. The registry scans this folder."""
